/** Small words kept in this browser. A browser that refuses storage (private mode, full) loses comfort, never function. */
const inMemory = new Map<string, string>();

export function remember(name: string, value: string): void {
  inMemory.set(name, value);
  try {
    localStorage.setItem(name, value);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(name) ?? inMemory.get(name) ?? null;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return inMemory.get(name) ?? null;
  }
}
