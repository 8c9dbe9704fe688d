/**
 * What can be done to an emulated device, from the forms its emulator declares: choices that are one press, made of the demo
 * branch's own people and slips, and fields for whoever wants it otherwise. A new family needs nothing here to be usable.
 */
import type { Prop, Sandbox } from './sandbox';

export type Value = string | number | boolean;
export type Parameters = Readonly<Record<string, Value>>;
export interface Schema {
  type?: string; enum?: Value[]; anyOf?: Schema[]; minimum?: number; maximum?: number; default?: unknown;
  maxLength?: number; properties?: Record<string, Schema>; required?: string[];
}
export interface Field {
  name: string; kind: 'choice' | 'flag' | 'number' | 'text'; required: boolean;
  choices: Value[]; min?: number | undefined; max?: number | undefined; usual: Value | null;
}
export interface Choice { label: string; parameters: Parameters }

/** Always there and alike for all: they stand apart from what a family can do. */
export const POWER = ['unplug', 'plug', 'power_cycle'] as const;
const CHOICES_MAX = 8;
const PLATES = ['京A12345', '沪AD12345', '粤B88888'];
const CARD_ACTIONS: ReadonlySet<string> = new Set(['swipe', 'insert', 'tap', 'dip', 'card_in', 'present']);
const CARD_FIELDS = ['number', 'pan'];
const PLATE_FIELDS = ['plate', 'number'];
const CODE_FIELDS = ['text', 'code', 'data'];

const KINDS: Readonly<Record<string, Field['kind']>> = { boolean: 'flag', integer: 'number', number: 'number' };
const isValue = (given: unknown): given is Value => ['string', 'number', 'boolean'].includes(typeof given);

function fieldOf(name: string, schema: Schema, required: boolean): Field {
  const options = schema.anyOf?.filter((one) => one.type !== 'null') ?? [schema];
  const choices = options.every((one) => one.enum) ? options.flatMap((one) => one.enum ?? []) : [];
  const usual = isValue(schema.default) ? schema.default : null;
  const { type = 'string', minimum, maximum } = options[0] ?? schema;
  const kind = choices.length > 0 ? 'choice' : KINDS[type] ?? 'text';
  return { name, kind, required, choices, min: minimum, max: maximum, usual };
}

export function fieldsOf(form: Schema | undefined): Field[] {
  const required = new Set(form?.required ?? []);
  return Object.entries(form?.properties ?? {}).map(([name, schema]) => fieldOf(name, schema, required.has(name)));
}

const pick = (fields: readonly Field[], names: readonly string[]): string | null =>
  names.find((name) => fields.some((field) => field.name === name && field.kind === 'text')) ?? null;

function ofPeople(action: string, fields: readonly Field[], sandbox: Sandbox): Choice[] {
  const kind = action === 'lay' ? 'id_card' : CARD_ACTIONS.has(action) ? 'bank_card' : null;
  const number = pick(fields, CARD_FIELDS);
  if (!kind || !number) return [];
  const names = fields.some((field) => field.name === 'name');
  return sandbox.customers.flatMap((person) => {
    const mark = person.identities.find((one) => one.kind === kind);
    return mark ? [{ label: person.name, parameters: { [number]: mark.value, ...(names ? { name: person.name } : {}) } }] : [];
  });
}

function ofWorld(action: string, fields: readonly Field[], slipUrl: string | null, slipLabel: string): Choice[] {
  const plate = pick(fields, PLATE_FIELDS);
  if (plate && (plate === 'plate' || /plate|drive|arrive|pass/.test(action))) {
    return PLATES.map((value) => ({ label: value, parameters: { [plate]: value } }));
  }
  const code = pick(fields, CODE_FIELDS);
  if (code && /scan|show/.test(action) && slipUrl) return [{ label: slipLabel, parameters: { [code]: slipUrl } }];
  return [];
}

/** Where an action turns on one thing with few values, each of them is a button. */
function ofValues(fields: readonly Field[]): Choice[] {
  const [only, ...others] = fields.filter((field) => field.required || fields.length === 1);
  if (!only || others.length > 0) return [];
  if (only.kind === 'choice' && only.choices.length <= CHOICES_MAX) {
    return only.choices.map((value) => ({ label: String(value), parameters: { [only.name]: value } }));
  }
  if (only.kind === 'number' && only.min !== undefined && only.max !== undefined && only.max - only.min < CHOICES_MAX) {
    const { min, max, name } = only;
    return Array.from({ length: max - min + 1 }, (_, n) => ({ label: String(min + n), parameters: { [name]: min + n } }));
  }
  return [];
}

/** The presses that an action offers besides its usual case. */
export function choicesOf(action: string, fields: readonly Field[], sandbox: Sandbox, slip: { url: string | null; label: string }): Choice[] {
  const people = ofPeople(action, fields, sandbox);
  if (people.length > 0) return people;
  const world = ofWorld(action, fields, slip.url, slip.label);
  return world.length > 0 ? world : ofValues(fields);
}

/** The actions of a family itself: those that are told something, and those that are not. */
export function handsOf(prop: Prop): { plain: string[]; told: string[] } {
  const own = prop.actions.filter((action) => !(POWER as readonly string[]).includes(action));
  return { plain: own.filter((action) => !prop.forms[action]), told: own.filter((action) => prop.forms[action]) };
}

/** What was typed, without what was left empty. */
export function filled(fields: readonly Field[], typed: Readonly<Record<string, string | boolean>>): Parameters {
  const said: Record<string, Value> = {};
  for (const { name, kind, choices } of fields) {
    const value = typed[name];
    if (value === undefined || value === '') continue;
    if (kind === 'number') said[name] = Number(value);
    else if (kind === 'choice') said[name] = choices.find((one) => String(one) === value) ?? String(value);
    else said[name] = value;
  }
  return said;
}
