import { FIELD_VALUE } from '../syntax/tables.ts';
import { badCharacter } from './characters.ts';

/** Up to this length it is faster to look at each character and store it than to call Node. */
const SHORT = 32;
const BAD_VALUE = /[^\t -~\x80-\xff]/;

/**
 * Writes a field value as Latin-1, checked. The caller has seen to it that there is room.
 *
 * @param name The field, for the error.
 */
export function putValue(target: Buffer, at: number, value: string, name: string): void {
  const { length } = value;
  if (length > SHORT) {
    if (BAD_VALUE.test(value)) throw badValue(value, value.search(BAD_VALUE), name);
    target.write(value, at, length, 'latin1');
    return;
  }
  for (let index = 0; index < length; index++) {
    const code = value.charCodeAt(index);
    if (FIELD_VALUE[code] !== 1) throw badValue(value, index, name);
    target[at + index] = code;
  }
}

function badValue(value: string, index: number, name: string): Error {
  return badCharacter(value, index, `the value of ${name}`);
}
