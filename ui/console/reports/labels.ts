/** Words under a chart, cut to the room that each has. Widths are told in columns: a Chinese character takes two, a letter one. Pure. */
const WIDE_FROM = 0x2e80;
const LINES_MAX = 2;
const width = (text: string): number => [...text].reduce((sum, letter) => sum + (letter.charCodeAt(0) >= WIDE_FROM ? 2 : 1), 0);

/** As many letters as fit, up to a space where there is one in the second half. */
function headOf(text: string, columns: number): string {
  const letters = [...text];
  let end = 0;
  for (let used = 0; end < letters.length; end += 1) {
    used += width(letters[end] ?? '');
    if (used > columns) break;
  }
  const head = letters.slice(0, Math.max(1, end)).join('');
  const space = head.lastIndexOf(' ');
  return letters.length > head.length && space > head.length / 2 ? head.slice(0, space) : head;
}
export function shortened(text: string, columns: number): string {
  return width(text) <= columns ? text : `${headOf(text, columns - 1).trimEnd()}…`;
}
/** One part of a label on at most two lines. */
export function wrapped(text: string, columns: number): string {
  const lines: string[] = [];
  let rest = text;
  while (rest && lines.length < LINES_MAX - 1 && width(rest) > columns) {
    const head = headOf(rest, columns);
    lines.push(head.trimEnd());
    rest = rest.slice(head.length).trimStart();
  }
  return [...lines, shortened(rest, columns)].join('\n');
}
/** A half hour under a chart is known by its beginning. */
export const bandBegin = (text: string): string => text.replace(/^(\d\d:\d\d)–\d\d:\d\d$/, '$1');
