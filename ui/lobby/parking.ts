/** Cars as the lobby lists them: who comes first, then who is there; the earliest first. */
import type { LiveStay } from './calls';

const rank = (stay: LiveStay): number => (stay.state === 'inside' ? 1 : 0);
export const byState = (stays: readonly LiveStay[]): LiveStay[] =>
  [...stays].sort((one, other) => rank(one) - rank(other) || Date.parse(one.until) - Date.parse(other.until));
/** What stands for a car that has no number. */
export const whose = (stay: LiveStay): 'appointment' | 'stranger' => (stay.announced === false ? 'stranger' : 'appointment');
