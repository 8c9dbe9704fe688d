/** Who will wait too long: the arithmetic of a row. Pure; times in seconds, drift is the age of the box's picture. */
import type { AtRisk } from './calls';

export interface RiskRow extends AtRisk {
  /** Until the target is broken; negative when it is. */
  left_s: number;
  late: boolean;
  /** Shares of the bar, 0 to 100: waited, still expected, and where the target stands. */
  waited_share: number; still_share: number; target_share: number;
}
const ROOM = 1.04;

export function riskRow(risk: AtRisk, drift_s: number): RiskRow {
  const waited_s = risk.waited_s + drift_s;
  const expected_s = Math.max(risk.expected_s, waited_s);
  const whole_s = Math.max(risk.target_s, expected_s, 1) * ROOM;
  const left_s = risk.target_s - waited_s;
  return {
    ...risk, waited_s, expected_s, left_s, late: left_s <= 0,
    waited_share: (waited_s / whole_s) * 100,
    still_share: ((expected_s - waited_s) / whole_s) * 100,
    target_share: (risk.target_s / whole_s) * 100,
  };
}

/** Worst first: who is late already, then by the share of the target that the wait will use, as the box ranks them. */
export function riskRows(risks: readonly AtRisk[], drift_s: number): RiskRow[] {
  const share = (row: RiskRow): number => row.expected_s / row.target_s;
  return risks.map((risk) => riskRow(risk, drift_s))
    .sort((one, other) => Number(other.late) - Number(one.late) || share(other) - share(one));
}

export const minutesUp = (span_s: number): number => Math.max(1, Math.ceil(span_s / 60));
