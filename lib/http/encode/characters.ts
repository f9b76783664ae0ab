import { TOKEN } from '../syntax/tables.ts';
import { badMessage } from './message-error.ts';

/** Throws for what is no text: something else could be one text when it is checked, and another when it is written. */
export function checkText(text: string, what: string): void {
  if (typeof text !== 'string') throw badMessage(`${what} must be a text, got ${typeof text}`);
}

/** Throws if a text has a character for which the table has no 1. */
export function checkCharacters(text: string, table: Uint8Array, what: string): void {
  checkText(text, what);
  for (let index = 0; index < text.length; index++) {
    if (table[text.charCodeAt(index)] !== 1) throw badCharacter(text, index, what);
  }
}

/** Throws if a text is no token. */
export function checkToken(text: string, what: string): void {
  checkText(text, what);
  if (text === '') throw badMessage(`${what} is empty`);
  checkCharacters(text, TOKEN, what);
}

/** The error for a character that must not be there; it names the character and where it stands. */
export function badCharacter(text: string, index: number, what: string): Error {
  const code = text.charCodeAt(index);
  const number = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  const name = NAMES[code];
  const shown = name === undefined ? number : `${name} (${number})`;
  return badMessage(`${what} has the illegal character ${shown} at position ${index}`);
}

const NAMES: Record<number, string> = { 0: 'NUL', 9: 'TAB', 10: 'LF', 13: 'CR', 32: 'blank', 127: 'DEL' };

/** A text as an error message shows it: quoted, escaped, not endless. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
