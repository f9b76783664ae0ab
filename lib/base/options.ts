import { OptionError } from './errors.ts';

/** Checks one option value and answers with the value to use; throws an {@link OptionError} if it is illegal. */
export interface Check<T> {
  (value: unknown, name: string): T;
  readonly fallback: T;
}

/** One check per option; a missing option is a compile error, so documentation and checks cannot drift apart. */
export type Checks<Options> = {
  readonly [Name in keyof Options]-?: Check<Options[Name]>;
};

/** Options after the check: every one is there. */
export type Resolved<Options> = { readonly [Name in keyof Options]-?: Options[Name] };

/**
 * Makes the function that checks a whole options object: illegal values and unknown names are refused with an
 * {@link OptionError} that names the option; what was left out gets its default.
 */
export function table<Options extends object>(checks: Checks<Options>) {
  const names = Object.keys(checks) as (keyof Options & string)[];
  return (options: Options | undefined, prefix = ''): Resolved<Options> => {
    const given = plainObject(options, prefix);
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(checks, name)) {
        // The value may be a secret under a name that somebody expected.
        const value = typeof given[name] === 'string' ? 'a text' : given[name];
        throw new OptionError(
          prefix + name,
          value,
          `left out: no such option (there are ${names.join(', ')})`,
        );
      }
    }
    const resolved: Partial<Record<keyof Options, unknown>> = {};
    for (const name of names) {
      const value = given[name];
      resolved[name] = value === undefined ? checks[name].fallback : checks[name](value, prefix + name);
    }
    return resolved as Resolved<Options>;
  };
}

function plainObject(options: unknown, prefix: string): Record<string, unknown> {
  if (options === undefined) return {};
  if (typeof options === 'object' && options !== null) return options as Record<string, unknown>;
  throw new OptionError(prefix === '' ? 'options' : prefix.slice(0, -1), options, 'an object');
}

/** A value for which `accepts` holds; `expected` completes the sentence "must be …". */
export function check<T>(fallback: T, expected: string, accepts: (value: unknown) => boolean): Check<T> {
  const test = (value: unknown, name: string): T => {
    if (accepts(value)) return value as T;
    throw new OptionError(name, value, expected);
  };
  return Object.assign(test, { fallback });
}

/** A whole number in a range, both ends included. */
export function integer(range: { min: number; max: number; fallback: number }): Check<number> {
  const { min, max, fallback } = range;
  const accepts = (value: unknown) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
  return check(fallback, `an integer from ${min} to ${max}`, accepts);
}

/** A time in milliseconds; 0 turns it off. */
export function milliseconds(fallback: number, { min = 1 } = {}): Check<number> {
  const accepts = (value: unknown) =>
    value === 0 ||
    (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= MAX_TIMER);
  return check(fallback, `0 (off) or an integer from ${min} to ${MAX_TIMER} milliseconds`, accepts);
}

/** Longest delay that a timer of Node can have. */
export const MAX_TIMER = 0x7fff_ffff;

/** `true` or `false`. */
export function flag(fallback: boolean): Check<boolean> {
  return check(fallback, 'true or false', (value) => typeof value === 'boolean');
}

/** One of a few words. */
export function oneOf<T extends string>(words: readonly T[], fallback: T): Check<T> {
  const list = words.map((word) => `'${word}'`).join(', ');
  return check(fallback, `one of ${list}`, (value) => words.includes(value as T));
}

/** A text, not empty. */
export function text(): Check<string | undefined> {
  return check<string | undefined>(
    undefined,
    'a text that is not empty',
    (value) => typeof value === 'string' && value !== '',
  );
}

/** A function. */
export function callback<T>(): Check<T | undefined> {
  return check<T | undefined>(undefined, 'a function', (value) => typeof value === 'function');
}

/** Something of an interface, recognised by one of its methods. */
export function having<T>(method: string, what: string, fallback: T): Check<T> {
  const accepts = (value: unknown) =>
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Record<string, unknown>)[method] === 'function';
  return check(fallback, what, accepts);
}

/** Anything. */
export function anything(): Check<unknown> {
  return check<unknown>(undefined, 'anything', () => true);
}

/** An options object inside an options object. */
export function nested<T extends object>(
  resolve: (options: T | undefined, prefix: string) => Resolved<T>,
): Check<Resolved<T>> {
  const test = (value: unknown, name: string): Resolved<T> => resolve(value as T | undefined, `${name}.`);
  return Object.assign(test, { fallback: resolve(undefined, '') });
}
