/** What the box tells its staff, in words, gravest first. */
import type { Notice, Severity } from '@kit/types';
import { knownStaff, st } from './text';

/** A notice that stays until it was read has an id to acknowledge it by. */
export interface StaffNotice extends Notice { id?: string }
const ORDER: Record<Severity, number> = { critical: 0, warning: 1, info: 2 };

export const gravestFirst = <N extends Notice>(notices: readonly N[]): N[] =>
  [...notices].sort((one, other) => ORDER[one.severity] - ORDER[other.severity]);

export function noticeText(notice: Notice): string {
  const key = knownStaff(`notice.${notice.code}`);
  return key ? st(key, notice.facts as Record<string, string | number>) : st('notice.unknown', { code: notice.code });
}
