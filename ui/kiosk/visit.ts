/**
 * One customer's visit to the kiosk: start → issuing → ticket, or failed. A visit ends by touch, by countdown or by
 * idleness; then the language, the type size, the priority and every unfinished intent of the last person are gone.
 */
import { asProblem, type Api, type ApiProblem } from '@kit/api';
import { getTicket, issueTicket } from '@kit/calls';
import { bigType, locale } from '@kit/i18n';
import type { IssuedTicket, PriorityReason, Slip } from '@kit/types';
import { onScopeDispose, ref, shallowRef } from 'vue';

const SLIP_EVERY_MS = 1_500;
const SETTLED: ReadonlySet<Slip> = new Set(['printed', 'none']);

export type Phase = 'start' | 'issuing' | 'ticket' | 'failed';

export function useVisit(api: Api) {
  const phase = ref<Phase>('start');
  const priority = ref<PriorityReason | null>(null);
  const service = ref<string | null>(null);
  const ticket = shallowRef<IssuedTicket | null>(null);
  const slip = ref<Slip | null>(null);
  const problem = shallowRef<ApiProblem | null>(null);
  let watch: ReturnType<typeof setTimeout> | undefined;
  let visit = 0;

  async function choose(id: string): Promise<void> {
    if (phase.value === 'issuing' || phase.value === 'ticket') return;
    const mine = visit;
    service.value = id;
    phase.value = 'issuing';
    try {
      const issued = await issueTicket(api, {
        service: id,
        channel: 'kiosk',
        language: locale.value,
        ...(priority.value ? { priority_reason: priority.value } : {}),
      });
      if (mine !== visit) return;
      ticket.value = issued;
      phase.value = 'ticket';
      void watchSlip(issued.id, mine);
    } catch (error) {
      if (mine !== visit) return;
      problem.value = asProblem(error);
      phase.value = 'failed';
    }
  }

  async function watchSlip(id: string, mine: number): Promise<void> {
    try {
      const seen = await getTicket(api, id);
      if (mine !== visit) return;
      slip.value = seen.slip;
    } catch (error) {
      // The number is safe on the box; only the word about the slip is late. A kiosk without the right to look says nothing.
      if (!asProblem(error).unclear) return;
    }
    if (mine === visit && !(slip.value && SETTLED.has(slip.value))) {
      watch = setTimeout(() => { void watchSlip(id, mine); }, SLIP_EVERY_MS);
    }
  }

  function end(): void {
    visit += 1;
    clearTimeout(watch);
    phase.value = 'start';
    priority.value = null;
    service.value = null;
    ticket.value = null;
    slip.value = null;
    problem.value = null;
    locale.value = 'zh-CN';
    bigType.value = false;
    api.forgetIntents();
  }

  onScopeDispose(() => { clearTimeout(watch); });
  return { phase, priority, service, ticket, slip, problem, choose, end };
}
