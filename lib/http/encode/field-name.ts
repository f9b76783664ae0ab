import { checkToken, quoted } from './characters.ts';
import { latin1 } from './put.ts';

/** Fields that the writer itself has to know about. */
export const OTHER = 0;
export const CONTENT_LENGTH = 1;
export const TRANSFER_ENCODING = 2;
export const CONNECTION = 3;
export const DATE = 4;
export const HOST_FIELD = 5;

const KINDS: Readonly<Record<string, number>> = {
  'content-length': CONTENT_LENGTH,
  'transfer-encoding': TRANSFER_ENCODING,
  connection: CONNECTION,
  date: DATE,
  host: HOST_FIELD,
};

/** The name of a field, checked once. */
export interface FieldName {
  /** The name, a colon and a blank. */
  readonly start: Uint8Array;
  /** One of the numbers above. */
  readonly kind: number;
}

/** So many names are remembered. A proxy passes on what its peers think up, so there has to be an end. */
const REMEMBERED = 1024;
const LONGEST = 64;

const names = new Map<string, FieldName>();

/** What there is to know about a name; throws if it is no token. */
export function fieldName(name: string): FieldName {
  return names.get(name) ?? learn(name);
}

function learn(name: string): FieldName {
  checkToken(name, `the field name ${quoted(name)}`);
  const lowerCase = name.toLowerCase();
  const kind = Object.hasOwn(KINDS, lowerCase) ? KINDS[lowerCase]! : OTHER;
  const known = { start: latin1(`${name}: `), kind };
  if (name.length <= LONGEST) {
    if (names.size >= REMEMBERED) names.clear();
    names.set(name, known);
  }
  return known;
}
