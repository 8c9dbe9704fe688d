/** Head office's pages, as the address names them. */
import type { Place } from '@kit/address';

export const PAGES = ['branches', 'policies'] as const;
export type Page = (typeof PAGES)[number];
export const pageOf = ({ path }: Place): Page => PAGES.find((page) => page === path[0]) ?? 'branches';
