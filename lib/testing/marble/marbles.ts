import { MarbleError } from './marble-error.ts';

/** One thing that a diagram says. */
export interface Marble {
  /** When: frames, which are milliseconds, from the beginning of the diagram. */
  readonly frame: number;
  /** What: one character; `|` and `#` are ends. */
  readonly symbol: string;
  /** Where in the diagram. */
  readonly position: number;
}

/** Values of the symbols of a diagram. */
export type MarbleValues<T> = Readonly<Record<string, T>>;

/** `10ms`, `3s` or `1m` at the place where the regular expression is applied, with the space behind it. */
const TIME = /^(\d+(?:\.\d+)?)(ms|s|m) /;
/** The same written without one of the two spaces that RxJS wants around it. */
const ALMOST_TIME = /^\d+(?:\.\d+)?(?:ms|s|m)(?![a-z0-9])/;
const MILLISECONDS: Record<string, number> = { ms: 1, s: 1000, m: 60_000 };

/**
 * Reads a marble diagram as RxJS does in run mode, and is stricter about what can only be a mistake: groups that are
 * not closed, `^` and `!`, times without spaces around them, values with names that are no symbols.
 *
 * @param what Whose diagram it is, for errors.
 * @throws MarbleError
 */
export function readMarbles(what: string, marbles: string, values: MarbleValues<unknown> = {}): Marble[] {
  if (typeof marbles !== 'string')
    throw new MarbleError(what, String(marbles), 0, 'a diagram must be a text');
  checkNames(what, marbles, values);
  const characters = Array.from(marbles);
  const read: Marble[] = [];
  let frame = 0;
  let group: { readonly frame: number; readonly position: number } | undefined;
  for (let position = 0; position < characters.length; position++) {
    const symbol = characters[position] as string;
    const fail = (complaint: string) => new MarbleError(what, marbles, position, complaint);
    if (symbol === ' ') continue;
    if (symbol === '^' || symbol === '!') {
      throw fail(`${symbol} has no meaning here: a diagram begins at frame 0`);
    }
    if (symbol === '(') {
      if (group !== undefined) throw fail('a group inside a group');
      group = { frame, position };
    } else if (symbol === ')') {
      if (group === undefined) throw fail('this group was not opened');
      group = undefined;
    } else if (symbol !== '-') {
      const rest = characters.slice(position).join('');
      const isApart = position === 0 || characters[position - 1] === ' ';
      const time = isApart ? TIME.exec(rest) : null;
      if (time !== null) {
        const [text, digits, unit] = time as unknown as readonly [string, string, string];
        frame += Number(digits) * (MILLISECONDS[unit] as number);
        position += text.length - 1;
        continue;
      }
      if (!Object.hasOwn(values, symbol) && ALMOST_TIME.test(rest)) {
        throw fail(`a time needs a space ${isApart ? 'behind' : 'in front of'} it`);
      }
      read.push({ frame: group?.frame ?? frame, symbol, position });
    }
    frame++;
  }
  if (group !== undefined) throw new MarbleError(what, marbles, group.position, 'this group is not closed');
  return read;
}

/** Allows only the symbols that mean something. */
export function onlySymbols(
  what: string,
  marbles: string,
  read: readonly Marble[],
  known: Readonly<Record<string, string>>,
): void {
  for (const { symbol, position } of read) {
    if (Object.hasOwn(known, symbol)) continue;
    const list = Object.entries(known).map(([name, meaning]) =>
      meaning === '' ? name : `${name} (${meaning})`,
    );
    throw new MarbleError(what, marbles, position, `there is no ${symbol} here, only ${list.join(', ')}`);
  }
}

function checkNames(what: string, marbles: string, values: MarbleValues<unknown>): void {
  for (const name of Object.keys(values)) {
    if (Array.from(name).length !== 1) {
      throw new MarbleError(what, marbles, 0, `the value '${name}' is never used: a symbol is one character`);
    }
    if ('-|#() ^!'.includes(name)) {
      throw new MarbleError(
        what,
        marbles,
        0,
        `the value '${name}' is never used: it has a meaning in diagrams`,
      );
    }
  }
}
