/** What stays at the left while a wide table is scrolled: who or what each row is about. */
import { nextTick, onBeforeUnmount, onMounted, shallowRef, watch, type Ref } from 'vue';
import type { Report } from './model';

const HEAD_KINDS: ReadonlySet<string> = new Set(['text', 'code', 'day', 'count']);
const SHARE_MAX = 0.45;

/** Places of the columns before the first figure that are not the same in every row. */
export function headPlaces({ columns, rows }: Pick<Report, 'columns' | 'rows'>): number[] {
  const end = columns.findIndex(({ kind, drill }) => drill ?? !HEAD_KINDS.has(kind));
  return columns.flatMap((_, place) => ((end < 0 || place < end) && rows.some((row) => row[place] !== rows[0]?.[place]) ? [place] : []));
}
/** Where each stays, in pixels from the left: as many as take no more than their share of the room. */
export function offsetsOf(places: number[], widths_px: number[], room_px: number): Map<number, number> {
  const found = new Map<number, number>();
  let left_px = 0;
  for (const place of places) {
    const width_px = widths_px[place] ?? 0;
    if (left_px + width_px > room_px * SHARE_MAX) break;
    found.set(place, left_px);
    left_px += width_px;
  }
  return found;
}
/** Measured anew whenever the report or the room changes. */
export function useFrozen(scroll: Ref<HTMLElement | null>, report: () => Report): Ref<Map<number, number>> {
  const offsets = shallowRef(new Map<number, number>());
  function measure(): void {
    const box = scroll.value;
    if (!box) return;
    const widths_px = [...box.querySelectorAll<HTMLElement>('thead th')].map((head) => head.getBoundingClientRect().width);
    offsets.value = box.scrollWidth > box.clientWidth ? offsetsOf(headPlaces(report()), widths_px, box.clientWidth) : new Map();
  }
  const resized = new ResizeObserver(measure);
  onMounted(() => {
    measure();
    if (scroll.value) resized.observe(scroll.value);
  });
  watch(report, async () => {
    await nextTick();
    measure();
  });
  onBeforeUnmount(() => { resized.disconnect(); });
  return offsets;
}
