/**
 * One customer's visit to the kiosk: start → issuing → ticket, or failed; where a
 * machine can do it, first offer → machine, or on to the number. A visit ends by touch, by countdown or by
 * idleness; then the language, the type size, the priority and every unfinished intent of the last person are gone.
 */
import { asProblem, type Api, type ApiProblem } from '@kit/api';
import { issueTicket } from '@kit/calls';
import { bigType, locale } from '@kit/i18n';
import type { IssuedTicket, NewTicket, PriorityReason } from '@kit/types';
import { ref, shallowRef } from 'vue';
import { takeByCode, type ByCode } from './code';
import { answerOffer } from './offer';
import { useSlip } from './slip';

export type Phase = 'start' | 'offer' | 'answering' | 'machine' | 'code' | 'issuing' | 'ticket' | 'failed';

const wish = (service: string, recognition: string, priority: PriorityReason | null): NewTicket => ({
  service,
  channel: 'kiosk',
  language: locale.value,
  ...(recognition ? { identity: { kind: 'recognition', value: recognition } } : {}),
  ...(priority ? { priority_reason: priority } : {}),
});

/** `recognition`: of whoever stands there, where a reader has read something. `machineFor`: whether one is free for a service. */
export function useVisit(api: Api, recognition: () => string = () => '', machineFor: (service: string) => boolean = () => false) {
  const phase = ref<Phase>('start');
  const priority = ref<PriorityReason | null>(null);
  const service = ref<string | null>(null);
  const ticket = shallowRef<IssuedTicket | null>(null);
  const paper = useSlip(api);
  const problem = shallowRef<ApiProblem | null>(null);
  /** How a number by code came to be, and the code while it is being asked for. */
  const arrival = shallowRef<Pick<ByCode, 'arrival' | 'signInFrom'> | null>(null);
  const code = ref<string | null>(null);
  let visit = 0;

  async function choose(id: string): Promise<void> {
    if (phase.value !== 'start' && phase.value !== 'failed') return;
    service.value = id;
    // Whoever asked for priority may find a machine hard to use.
    if (phase.value === 'start' && priority.value === null && machineFor(id)) phase.value = 'offer';
    else await number(id);
  }

  async function number(id: string): Promise<void> {
    await take(() => issueTicket(api, wish(id, recognition(), priority.value)));
  }

  const answer = (accepted: boolean) => answerOffer(api, { phase, service, turn: () => visit, number }, accepted);

  async function enter(typed: string): Promise<void> {
    code.value = typed;
    await take(async () => {
      const taken = await takeByCode(api, typed);
      arrival.value = taken;
      return taken.ticket;
    });
  }

  /** Get a number in whatever way; a second wish while one is under way is the same finger. */
  async function take(ask: () => Promise<IssuedTicket>): Promise<void> {
    if (phase.value === 'issuing' || phase.value === 'ticket') return;
    const mine = visit;
    phase.value = 'issuing';
    try {
      const issued = await ask();
      if (mine !== visit) return;
      ticket.value = issued;
      phase.value = 'ticket';
      void paper.follow(issued.id, () => mine === visit);
    } catch (error) {
      if (mine !== visit) return;
      problem.value = asProblem(error);
      phase.value = 'failed';
    }
  }

  function end(): void {
    visit += 1;
    paper.forget();
    phase.value = 'start';
    priority.value = null;
    service.value = null;
    ticket.value = null;
    problem.value = null;
    arrival.value = null;
    code.value = null;
    locale.value = 'zh-CN';
    bigType.value = false;
    api.forgetIntents();
  }

  return { phase, priority, service, ticket, slip: paper.slip, problem, arrival, code, choose, answer, enter, take, end };
}
