/** Bad ratings and following them up (差评回访), for the console. */
import type { Api } from '@kit/api';

export const OUTCOMES = ['settled', 'explained', 'passed_on', 'not_reached'] as const;
export type Outcome = (typeof OUTCOMES)[number];
export const NOTE_MAX = 80;

export interface BadRating {
  ticket: string; number: string; score: number; reasons: string[]; counter_number: number | null; staff: string | null; staff_name: string | null;
  rated_at: string; outcome: Outcome | null; note: string; done_by: string | null; done_by_name: string | null; done_at: string | null;
}
export interface BadRatings { waiting: BadRating[]; done: BadRating[] }

export const getBadRatings = (api: Api) => api.get<BadRatings>('/api/bad-ratings');
export const followUp = (api: Api, ticket: string, told: { outcome: Outcome; note: string }) =>
  api.post<{ ticket: string; outcome: Outcome }>(`/api/bad-ratings/${encodeURIComponent(ticket)}/follow-up`, told);
