/**
 * Which page is open stands in the address' fragment, `#/devices/printer-1?tab=trace`: a reload stays where it was, Back
 * goes back, and an address that was typed or sent opens what it names. `#devices`, as older bookmarks have it, is the same.
 */
import { onScopeDispose, readonly, shallowRef } from 'vue';

export type Query = Readonly<Record<string, string>>;
export interface Place {
  readonly path: readonly string[];
  readonly query: Query;
  /** How many steps lie behind this one that the same page has made: whether its own "back" leads anywhere. */
  readonly depth: number;
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word; // a half-typed escape names nothing; it is not worth an error
  }
}

export function readPlace(fragment: string, state: unknown = null): Place {
  const [path = '', query = ''] = fragment.replace(/^#/, '').split('?', 2);
  const depth = typeof state === 'object' && state !== null && 'depth' in state && typeof state.depth === 'number' ? state.depth : 0;
  return { path: path.split('/').filter(Boolean).map(decoded), query: Object.fromEntries(new URLSearchParams(query)), depth };
}

export function writePlace(path: readonly string[], query: Query = {}): string {
  const words = new URLSearchParams(query).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${words ? `?${words}` : ''}`;
}

const current = shallowRef<Place>(readPlace(location.hash, history.state));
export const place = readonly(current);

const look = (): void => { current.value = readPlace(location.hash, history.state); };
/** Once in a page: hear of Back, Forward and what is typed. */
export function followAddress(): void {
  look();
  window.addEventListener('popstate', look);
  window.addEventListener('hashchange', look);
  onScopeDispose(() => {
    window.removeEventListener('popstate', look);
    window.removeEventListener('hashchange', look);
  });
}

/** Go there: Back leads here again. `deeper`: a step within the page, which its own "back" takes back. */
export function goTo(path: readonly string[], query: Query = {}, { deeper = false } = {}): void {
  history.pushState({ depth: deeper ? current.value.depth + 1 : 0 }, '', writePlace(path, query));
  look();
}
/** The same place, told more exactly: Back does not stop here. */
export function amendPlace(path: readonly string[], query: Query = {}): void {
  history.replaceState({ depth: current.value.depth }, '', writePlace(path, query));
  look();
}
/** One step of the page's own back, or straight to `path` where it was opened from outside. */
export function comeBack(path: readonly string[]): void {
  if (current.value.depth > 0) history.back();
  else amendPlace(path);
}
