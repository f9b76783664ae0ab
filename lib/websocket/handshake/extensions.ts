import { isToken, listOf, trimBlank } from '../../http/syntax/text.ts';

/** An extension with its parameters, as it is offered or agreed on. */
export interface WsExtension {
  readonly name: string;
  /** In order, repeated ones too; the value is `undefined` if there is none. */
  readonly parameters: readonly (readonly [name: string, value: string | undefined])[];
}

/**
 * Reads the value of `Sec-WebSocket-Extensions` (RFC 6455 section 9.1): a list of extensions, each with parameters behind
 * semicolons, whose values are tokens, or such between double quotes.
 *
 * @returns `undefined` if it is malformed.
 *
 * @example
 * parseExtensions('permessage-deflate; client_max_window_bits, foo');
 * // [{ name: 'permessage-deflate', parameters: [['client_max_window_bits', undefined]] },
 * //  { name: 'foo', parameters: [] }]
 */
export function parseExtensions(value: string): WsExtension[] | undefined {
  const extensions: WsExtension[] = [];
  for (const element of listOf(value)) {
    const [name = '', ...rest] = partsOf(element);
    const parameters = rest.map(parameterOf);
    if (!isToken(name) || !parameters.every(isDefined)) return undefined;
    extensions.push({ name, parameters });
  }
  return extensions;
}

/** Writes extensions as the value of `Sec-WebSocket-Extensions`. */
export function formatExtensions(extensions: readonly WsExtension[]): string {
  return extensions
    .map(({ name, parameters }) => [name, ...parameters.map(formatParameter)].join('; '))
    .join(', ');
}

function formatParameter([name, value]: readonly [string, string | undefined]): string {
  return value === undefined ? name : `${name}=${value}`;
}

/** Parted by semicolons, but not between double quotes. */
function partsOf(element: string): string[] {
  const parts: string[] = [];
  let from = 0;
  let isQuoted = false;
  for (let at = 0; at < element.length; at++) {
    const character = element[at];
    if (character === '"') isQuoted = !isQuoted;
    else if (character === '\\' && isQuoted) at++;
    else if (character === ';' && !isQuoted) {
      parts.push(trimBlank(element.slice(from, at)));
      from = at + 1;
    }
  }
  parts.push(trimBlank(element.slice(from)));
  return parts;
}

function parameterOf(part: string): [string, string | undefined] | undefined {
  const equals = part.indexOf('=');
  if (equals < 0) return isToken(part) ? [part, undefined] : undefined;
  const name = trimBlank(part.slice(0, equals));
  const value = unquoted(trimBlank(part.slice(equals + 1)));
  return isToken(name) && isToken(value) ? [name, value] : undefined;
}

/** What is between double quotes has to be a token, too. */
function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  return value.length > 1 && value.endsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : '';
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}
