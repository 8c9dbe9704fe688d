/**
 * The number, said aloud where no paper says it (S10): once a ticket, as soon as the screen tells that there will be no slip now.
 * A browser lets a page make sound after a touch, and whoever stands here has touched it; the voice begins with that.
 */
import { spokenNumber, type Sound } from '@kit/speech';
import type { IssuedTicket, TicketLanguage } from '@kit/types';
import { Voice } from '@kit/voice';
import { watch, type Ref } from 'vue';
import { withoutPaper, type SlipWord } from './rows';

export interface Speaker { unlock: () => Promise<void>; play: (sounds: readonly Sound[]) => Promise<void> }

export function useAloud(
  ticket: Ref<IssuedTicket | null>, word: Ref<SlipWord>, language: Ref<TicketLanguage>, speaker: () => Speaker = () => new Voice(),
) {
  let voice: Speaker | null = null;
  let said = '';
  watch([ticket, word], ([has, says]) => {
    if (!has) said = '';
    else if (voice && withoutPaper(says) && said !== has.id) {
      said = has.id;
      void voice.play(spokenNumber(has.number, language.value));
    }
  });
  return {
    /** At every touch. */
    touched: (): void => {
      voice ??= speaker();
      void voice.unlock();
    },
  };
}
