import { blockOf } from '../encode/field-block.ts';
import type { FieldsInit } from '../encode/write-fields.ts';

/** A field as it is to be sent. */
export type FieldPair = readonly [name: string, value: string | number];

/** Fields as pairs of name and value, in order. */
export function pairsOf(fields: FieldsInit | undefined): FieldPair[] {
  if (fields === undefined) return [];
  if (Symbol.iterator in fields) return [...(fields as Iterable<FieldPair>)];
  return Object.entries(fields).flatMap(([name, value]) =>
    Array.isArray(value)
      ? (value as readonly string[]).map((one): FieldPair => [name, one])
      : [[name, value as string | number] as const],
  );
}

/** Fields and one more. */
export function withField(fields: FieldsInit | undefined, name: string, value: string): FieldsInit {
  return [...pairsOf(fields), [name, value]];
}

/** What was made of frozen fields, so that they are encoded only once. */
const completed = new WeakMap<object, Map<string, FieldsInit>>();

const NOTHING = Object.freeze({});

/** Fields and one more, unless it is there. */
export function withDefaultField(given: FieldsInit | undefined, name: string, value: string): FieldsInit {
  const fields = given ?? NOTHING;
  if (!isConstant(fields)) return complete(fields, name, value);
  const key = `${name}: ${value}`;
  const known = completed.get(fields) ?? new Map<string, FieldsInit>();
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = Object.freeze(complete(fields, name, value).map((pair) => Object.freeze(pair)));
  completed.set(fields, known.set(key, made));
  return made;
}

/** Fields without those of some names, given in lower case. */
export function withoutFields(fields: FieldsInit | undefined, names: ReadonlySet<string>): FieldPair[] {
  return pairsOf(fields).filter(([name]) => !names.has(name.toLowerCase()));
}

function complete(fields: FieldsInit, name: string, value: string): FieldPair[] {
  const pairs = pairsOf(fields);
  const wanted = name.toLowerCase();
  return pairs.some(([known]) => known.toLowerCase() === wanted) ? pairs : [...pairs, [name, value]];
}

/** Whether fields always say the same. Illegal ones are complained of when they are sent. */
function isConstant(fields: FieldsInit): boolean {
  try {
    return Object.isFrozen(fields) && blockOf(fields) !== undefined;
  } catch {
    return false;
  }
}
