/**
 * A machine offered before a number. A number never depends on whether the answer could be noted; where the last machine has
 * just been taken, a number follows.
 */
import { asProblem, type Api } from '@kit/api';
import { answerDiversion } from '@kit/calls';
import type { Ref } from 'vue';
import type { Phase } from './visit';

interface Asked {
  phase: Ref<Phase>; service: Ref<string | null>;
  /** Which customer stands there: an answer that comes late is nobody's. */
  turn: () => number;
  number: (service: string) => Promise<void>;
}

export async function answerOffer(api: Api, asked: Asked, accepted: boolean): Promise<void> {
  const service = asked.service.value;
  if (asked.phase.value !== 'offer' || service === null) return;
  const turn = asked.turn();
  asked.phase.value = 'answering';
  const goes = await goesToMachine(api, service, accepted);
  if (turn !== asked.turn()) return;
  if (goes) asked.phase.value = 'machine';
  else await asked.number(service);
}

async function goesToMachine(api: Api, service: string, accepted: boolean): Promise<boolean> {
  try {
    await answerDiversion(api, service, accepted);
    return accepted;
  } catch (error) {
    return accepted && asProblem(error).unclear;
  }
}
