import { FieldFacts } from './field-facts.ts';
import { latin1 } from './put.ts';
import { FieldLines, type FieldsInit } from './write-fields.ts';

/** Fields that were checked and encoded once, for use in many messages. */
export class FieldBlock {
  readonly bytes: Uint8Array;
  readonly facts: FieldFacts;
  private readonly withStart = new Map<number, Uint8Array>();

  constructor(bytes: Uint8Array, facts: FieldFacts) {
    this.bytes = bytes;
    this.facts = facts;
  }

  /**
   * The block behind a start line, remembered.
   *
   * @param key Stands for the start line.
   * @param startLine Makes it, when it is asked for the first time.
   */
  behind(key: number, startLine: (key: number) => string): Uint8Array {
    return this.withStart.get(key) ?? this.putBehind(key, latin1(startLine(key)));
  }

  private putBehind(key: number, start: Uint8Array): Uint8Array {
    const whole = new Uint8Array(start.length + this.bytes.length);
    whole.set(start);
    whole.set(this.bytes, start.length);
    if (this.withStart.size >= REMEMBERED) this.withStart.clear();
    this.withStart.set(key, whole);
    return whole;
  }
}

/** So many start lines are remembered with a block. */
const REMEMBERED = 64;

/** The block without fields. */
export const NO_FIELDS = new FieldBlock(new Uint8Array(0), new FieldFacts());

const blocks = new WeakMap<object, FieldBlock>();

/**
 * The block of fields that cannot change: none at all, or frozen ones. `undefined` for all others.
 *
 * @throws ProtocolError (`ERR_HTTP_MESSAGE`) for illegal fields.
 */
export function blockOf(fields: FieldsInit | undefined): FieldBlock | undefined {
  if (fields === undefined) return NO_FIELDS;
  return blocks.get(fields) ?? (Object.isFrozen(fields) && isConstant(fields) ? learn(fields) : undefined);
}

function learn(fields: FieldsInit): FieldBlock {
  const block = encodeAll(fields);
  blocks.set(fields, block);
  return block;
}

function encodeAll(fields: FieldsInit): FieldBlock {
  for (let size = 1024; ; size *= 4) {
    const memory = Buffer.allocUnsafeSlow(size);
    const { at, facts } = new FieldLines(memory, 0).addAll(fields);
    if (at >= 0) return new FieldBlock(new Uint8Array(memory.subarray(0, at)), facts);
  }
}

/**
 * Whether something frozen always says the same: a plain object or an array, of which the values are plain values or
 * frozen arrays of those. (A frozen Map can change, and so can what a getter answers.)
 */
function isConstant(frozen: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(frozen);
  if (prototype !== Object.prototype && prototype !== null && prototype !== Array.prototype) return false;
  return Object.values(Object.getOwnPropertyDescriptors(frozen)).every(({ value }) => {
    if (typeof value === 'string' || typeof value === 'number') return true;
    return Array.isArray(value) && Object.isFrozen(value) && isConstant(value);
  });
}
