import { beforeEach, describe, expect, it } from 'vitest';
import { actionFor, DEFAULT_KEYS, HOT_ACTIONS, isControl, keepKeys, keptKeys, parseKeys, rebind } from '../hotkeys';

const pressed = (key: string, given: Partial<KeyboardEventInit & { isComposing: boolean }> = {}) => ({
  key, ctrlKey: false, altKey: false, metaKey: false, repeat: false, isComposing: false, ...given,
});
beforeEach(() => { localStorage.clear(); });

describe('the key table', () => {
  it('gives every action a key of its own', () => {
    const keys = HOT_ACTIONS.flatMap((action) => DEFAULT_KEYS[action]);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).toContain('F9');
  });

  it('lets function keys act wherever the focus is, Enter only where it belongs to nobody', () => {
    expect(actionFor(DEFAULT_KEYS, pressed('F9'), true)).toBe('next');
    expect(actionFor(DEFAULT_KEYS, pressed('Enter'), false)).toBe('next');
    expect(actionFor(DEFAULT_KEYS, pressed('Enter'), true)).toBeNull();
  });

  it('does not act on a held key, a shortcut or a half-typed character', () => {
    expect(actionFor(DEFAULT_KEYS, pressed('F9', { repeat: true }), false)).toBeNull();
    expect(actionFor(DEFAULT_KEYS, pressed('F9', { ctrlKey: true }), false)).toBeNull();
    expect(actionFor(DEFAULT_KEYS, pressed('Enter', { isComposing: true }), false)).toBeNull();
    expect(actionFor(DEFAULT_KEYS, pressed('F5'), false)).toBeNull();
  });

  it('moves a key from one action to another', () => {
    const table = rebind(DEFAULT_KEYS, 'recall', 'F9');
    expect(table.recall[0]).toBe('F9');
    expect(table.next).toEqual(['Enter']);
    expect(actionFor(table, pressed('F9'), false)).toBe('recall');
  });

  it('keeps at most two keys for an action, the newest first', () => {
    const table = rebind(rebind(DEFAULT_KEYS, 'next', '+'), 'next', 'N');
    expect(table.next).toEqual(['N', '+']);
    expect(actionFor(table, pressed('n'), false)).toBe('next');
  });

  it('comes back after a reload, and falls back to the defaults when it is broken', () => {
    const table = rebind(DEFAULT_KEYS, 'serve', 'F12x');
    keepKeys(table);
    expect(keptKeys()).toEqual(table);
    for (const broken of ['{', 'null', '{"next":"F9"}', '{"next":["Tab"]}', JSON.stringify({ ...table, next: ['F5'] })]) {
      expect(parseKeys(broken)).toEqual(DEFAULT_KEYS);
    }
  });

  it('knows a control by the element or what holds it', () => {
    document.body.innerHTML = '<button><b id="in">x</b></button><p id="out">y</p>';
    expect(isControl(document.getElementById('in'))).toBe(true);
    expect(isControl(document.getElementById('out'))).toBe(false);
    expect(isControl(document.body)).toBe(false);
  });
});
