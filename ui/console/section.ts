/** What every section of the console is handed. */
import type { Api } from '@kit/api';
import type { BranchView } from '@kit/types';

export const SECTIONS = ['rules', 'policy', 'appointments', 'calendar', 'reports', 'devices', 'rights', 'day', 'org'] as const;
export type Section = (typeof SECTIONS)[number];
export const isSection = (word: string): word is Section => (SECTIONS as readonly string[]).includes(word);

export interface SignedInStaff { readonly staff_no: string; readonly name: string; readonly roles: readonly string[] }
export interface SectionProps {
  api: Api; branch: BranchView; staff: SignedInStaff;
  /** Counts returns after a session that ended: load again. */
  round: number;
  /** The staff session is over: ask to sign in again. */
  end: () => void;
  lookAtBranch: () => Promise<void>;
}
export const isAdmin = (staff: SignedInStaff): boolean => staff.roles.includes('admin');
