/** A schedule's colour on the timeline and in the list: by its place, repeating after six. The default has none. */
export const TONES = 6;
export const toneOf = (index: number): string => (index < 0 ? 'tone-default' : `tone-${String((index % TONES) + 1)}`);
