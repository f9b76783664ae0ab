import { parseArgs } from 'node:util';
import { type Endpoint, parseEndpoint } from 'hpsocket-rx';

/** One option of the command line. */
export interface Option<T> {
  /** What stands for its value in the list of legal options; nothing for a flag. */
  readonly placeholder?: string;
  /** Its value, from what was given; throws with a text that completes "must be …". */
  read(given: string | undefined): T;
}

/** The values of options. */
export type Given<Options> = {
  readonly [Name in keyof Options]: Options[Name] extends Option<infer T> ? T : never;
};

/** Reads the command line. What is wrong with it is said in one line that names what is legal, and ends with 2. */
export function readOptions<Options extends Record<string, Option<unknown>>>(
  options: Options,
): Given<Options> {
  const legal = Object.entries(options).map(([name, { placeholder }]) =>
    placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`,
  );
  const given = parse(options, legal.join(', '));
  const read = ([name, option]: [string, Option<unknown>]) => {
    const text = given[name];
    try {
      return [name, option.read(typeof text === 'boolean' ? '' : text)];
    } catch (error) {
      const got = text === undefined ? '' : `, got '${text}'`;
      return refuse(`--${name} must be ${(error as Error).message}${got}`);
    }
  };
  return Object.fromEntries(Object.entries(options).map(read)) as Given<Options>;
}

function parse(options: Record<string, Option<unknown>>, legal: string) {
  const table = Object.entries(options).map(([name, { placeholder }]) => {
    return [name, { type: placeholder === undefined ? 'boolean' : 'string' }] as const;
  });
  try {
    const { values } = parseArgs({ options: Object.fromEntries(table) });
    return values as Partial<Record<string, string | boolean>>;
  } catch (error) {
    const { message } = error as Error;
    const why = message.replace(/(\. To specify a positional.*|\.)$/, '').replaceAll('\n', ' ');
    return refuse(`${why}; legal are ${legal}`);
  }
}

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}

export const flag: Option<boolean> = { read: (given) => given !== undefined };

export function text<F extends string | undefined>(placeholder: string, fallback: F): Option<string | F> {
  return {
    placeholder,
    read: (given = fallback) => {
      if (given === '') throw new Error('a text that is not empty');
      return given as string | F;
    },
  };
}

export function integer(fallback: number, min: number, max: number): Option<number> {
  return {
    placeholder: 'N',
    read: (given) => {
      const value = given === undefined ? fallback : /^\d+$/.test(given) ? Number(given) : NaN;
      if (value >= min && value <= max) return value;
      throw new Error(`an integer from ${min} to ${max}`);
    },
  };
}

export const endpoint: Option<Endpoint> = {
  placeholder: 'HOST:PORT',
  read: (given = '') => {
    try {
      return parseEndpoint(given);
    } catch {
      throw new Error("'host:port', a port from 0 to 65535, or the path of a Unix domain socket");
    }
  },
};

/** Several of them, or none. */
export const endpoints: Option<readonly Endpoint[] | undefined> = {
  placeholder: 'HOST:PORT,…',
  read: (given) => given?.split(',').map((one) => endpoint.read(one)),
};

/** Where to listen or to connect to, and how to print. */
export const common = { host: text('HOST', '127.0.0.1'), port: integer(5555, 0, 65_535), json: flag };

/** What a client sends: a text so many times, or else the lines of standard input. */
export const messages = { message: text('TEXT', undefined), count: integer(1, 1, 1_000_000_000) };
