/**
 * The JSON that the box speaks, field by field as the HTTP contract names it. Times are ISO 8601 with offset;
 * durations end in _s. Nothing here knows a page.
 */
export type TicketState =
  | 'pending' | 'waiting' | 'called' | 'serving' | 'parked' | 'no_show' | 'finished' | 'cancelled' | 'expired';
export type CounterState = 'closed' | 'signed_in' | 'open' | 'paused';
export type Tier = 'normal' | 'gold' | 'priority';
export type Channel = 'kiosk' | 'counter' | 'lobby' | 'phone';
export type TicketLanguage = 'zh-CN' | 'en';
export type PriorityReason = 'elderly' | 'disabled' | 'pregnant' | 'military' | 'other';
export type Slip = 'none' | 'queued' | 'printing' | 'held' | 'printed' | 'unknown';

export interface WaitRangeS {
  low_s: number; high_s: number;
  /** Absent from older answers: then nobody knows. */
  basis?: 'simulated' | 'position';
  /** Why it became longer than what was shown before. */
  reason?: string;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail?: string;
  facts: Record<string, unknown>;
}

export interface Staff { staff_no: string; name: string; roles: string[] }
export interface SignedIn { token: string; staff: Staff; expires_at: string }
export interface StaffSession { staff: Staff; expires_at: string; counter?: { id: string; number: number | string } }

export interface Service {
  id: string; name: string; name_en: string; letter: string; hint: string; hint_en: string; open: boolean;
}
export interface SelfService { machines: number; free: number; services: string[] }

export interface BranchView {
  branch: { id: string; name: string; name_en: string; timezone: string };
  services: Service[];
  counters: { id: string; number: number | string; name: string }[];
  tiers: Tier[];
  day: { date: string; state: 'open' | 'closed' } | null;
  /** Whether the kiosk gives numbers at this hour. */
  kiosk_open?: boolean;
  /** What machines in the hall can take over, and about how many of them are free. */
  self_service?: SelfService;
  languages: string[];
  guest_url: string;
  sandbox: boolean;
  now: string;
}

export type Severity = 'info' | 'warning' | 'critical';
export interface Notice { code: string; severity: Severity; since: string; facts: Record<string, unknown> }
export interface SyncView {
  head_office: 'connected' | 'unreachable' | 'unconfigured';
  received_seq: number; head_seq: number; pending: number; last_contact_at: string | null; age_s: number | null;
}

export interface NewTicket {
  service: string;
  channel: Channel;
  identity?: { kind: 'id_card' | 'bank_card' | 'passbook' | 'phone' | 'recognition'; value: string };
  phone?: string;
  language?: TicketLanguage;
  priority_reason?: PriorityReason;
}
export interface IssuedTicket {
  id: string; number: string; service: string; queue: string; tier: Tier; state: TicketState; taken_at: string;
  ahead: number; wait: WaitRangeS; token: string; phone_url: string;
}
export interface TicketView {
  id: string; number: string; service: string; queue: string; tier: Tier; state: TicketState; channel: Channel;
  language: TicketLanguage; priority_reason?: PriorityReason | null; taken_at: string;
  called_at?: string | null; last_called_at?: string | null; served_at?: string | null; finished_at?: string | null;
  counter?: string | null; calls: number; ahead?: number | null; wait?: WaitRangeS | null;
  /** Its holder came in time for an appointment. */
  appointment?: boolean;
  /** Staff said who holds it; it can be taken back. */
  bound?: boolean;
  slip: Slip; copies: number; recognised?: boolean; rating?: number | null; outcome?: string | null; transferred_from?: string | null;
}
export interface TicketsView { tickets: TicketView[]; seq: number }

export interface QueueView {
  id: string; service: string; tier: Tier; waiting: number; longest_wait_s: number; called: number; serving: number;
  /** What a customer who takes a number now would be told; absent until the box forecasts it. */
  wait?: WaitRangeS | null;
}
export interface QueuesView { queues: QueueView[]; seq: number; as_of: string }

export interface CounterView {
  id: string; number: number | string; name: string; state: CounterState; staff?: { staff_no: string; name: string } | null;
  ticket?: TicketView | null; since?: string | null; pause_reason?: string | null;
  finished_at?: string | null;
  /** Why the ticket in hand was called. */
  why?: Why | null;
}
/** `note`: why it was called out of turn, in the teller's words or as a code. */
export interface Why { rule: string; candidates: Candidate[]; text_code: string; note?: string }
export interface Option { code: string; zh: string; en: string }
export interface DeskWays {
  pause_reasons: Option[]; pause_reason_needed: boolean; outcomes: Record<string, { needed?: boolean; choices: Option[] }>;
  auto_call: boolean; wrap_up_s: number; calls_before_no_show: number; calls_max: number; served_after_s: number;
}
export interface CountersView { counters: CounterView[]; seq: number; as_of: string }
export interface Candidate {
  ticket: string; number: string; tier: Tier; waited_s: number; rank: number; chosen: boolean;
}
export interface CalledNext {
  ticket: TicketView;
  why: Why;
}

export interface DisplayCall {
  ticket: string; number: string; counter_number: number | string; counter_name: string;
  called_at: string; call_no: number; language?: TicketLanguage | null;
}
export interface DisplayView {
  calls: DisplayCall[];
  waiting: { service: string; name: string; name_en: string; waiting: number; wait?: WaitRangeS | null }[];
  seq: number;
}

export interface PhoneView {
  number: string; service: { id: string; name: string; name_en: string }; state: TicketState; taken_at: string;
  ahead?: number | null; wait?: WaitRangeS | null; counter?: { number: number | string; name: string } | null; calls: number;
  may_rate: boolean; rating?: number | null; branch: { name: string; name_en: string };
  language: TicketLanguage; as_of: string; seq: number;
  /** Where the branch is, for whoever is not here yet. */
  way?: { address: string; address_en: string; directions: string; directions_en: string; phone?: string } | null;
  /** What whoever is not ready may ask for: so many go first, and so many times still. */
  more_time?: { behind: number; left: number } | null;
  vip?: { offers: VipOffer[]; requests: VipRequest[] } | null;
  /** The bay of this visit, and whether one can be asked for; without `plate_needed: false` the plate has to be said. */
  parking?: { offered: boolean; plate_needed?: boolean; stay?: Stay | null } | null;
}
export type StayState = 'waiting' | 'reserved' | 'inside' | 'left' | 'expired' | 'cancelled';
/** A car at the branch, from the wish for a bay until it is gone. */
export interface Stay {
  id: string; state: StayState; bay?: string; from_at: string; until: string;
  /** For staff. */
  number?: string; ticket?: string; appointment?: string; announced?: boolean; ending?: string;
}
export interface ComingByCar { plate?: string; in_min: number }
export type VipKind = 'car_pickup' | 'cash_delivery';
export type VipState = 'requested' | 'accepted' | 'refused' | 'on_the_way' | 'done' | 'cancelled';
export interface VipRequest {
  id: string; kind: VipKind; state: VipState; fee_fen: number; asked_at: string; changed_at: string; reason?: string;
  /** For staff. */
  number?: string; adviser?: string; told?: string;
}
export interface VipOffer { kind: VipKind; fee_fen: number }
/** What customers answered and asked for by themselves today, newest first. */
export interface Wishes {
  diversions: { service: string; accepted: boolean; at: string }[];
  more_time: { ticket: string; number: string; service: string; state: TicketState; times: number; at: string }[];
  seq: number;
}
export interface NewRating { token?: string; ticket?: string; score: number; reasons?: string[]; comment?: string }
export interface Rated { ticket: string; score: number }

/** Somebody whom staff want to know of: gold, priority, or recognised. */
export interface Arrival {
  ticket: string; number: string; service: string; tier: Tier; priority_reason?: PriorityReason | null; taken_at: string;
  state: TicketState; recognised: boolean; appointment?: boolean;
  /** Where they were called to: the counter's id, and its number once the box tells it. */
  counter?: string | null; counter_number?: number | string | null;
  tags?: string[];
  /** Who looks after them, and what became of the text message to them; absent while that is on its way. */
  adviser?: { staff_no: string; name: string; told?: string | null } | null;
}

export type DeviceHealth =
  | 'online' | 'offline' | 'powerOff' | 'noDevice' | 'hardwareError' | 'userError' | 'deviceBusy' | 'starting';
export type PaperState = 'full' | 'low' | 'out' | 'jammed' | 'unknown';
export interface DeviceView {
  id: string; family: string; model: string; device: DeviceHealth; paper?: PaperState | null;
  message_code?: string | null; waiting_jobs: number;
}
export interface SlipView { ticket: string; number: string; state: Slip; since: string; device: string }
export interface ReportName { name: string; title: string; title_en: string }

export type Topic = 'queue' | 'calls' | 'ticket' | 'devices' | 'notices' | 'forecast' | 'recognition';
/** A journalled fact as a page hears it; `body` carries what a page needs to show. */
export interface LiveEvent { seq?: number; type: string; at?: string; topic?: Topic; body: Record<string, unknown> }
export interface CallBody {
  ticket: string; number: string; service: string; tier: Tier; counter: string; counter_number: number | string;
  counter_name: string; call_no: number; language?: TicketLanguage;
}
