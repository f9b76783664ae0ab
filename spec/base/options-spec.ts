import { describe, expect, it } from '@jest/globals';
import { OptionError } from '../../lib/base/errors.ts';
import {
  MAX_TIMER,
  anything,
  callback,
  flag,
  having,
  integer,
  milliseconds,
  nested,
  oneOf,
  table,
  text,
} from '../../lib/base/options.ts';

interface Times {
  readonly connect?: number;
  readonly idle?: number;
}

interface Example {
  readonly port?: number;
  readonly loud?: boolean;
  readonly mode?: 'slow' | 'fast';
  readonly name?: string | undefined;
  readonly onEvent?: (() => void) | undefined;
  readonly clock?: { now(): number } | undefined;
  readonly extra?: unknown;
  readonly timeouts?: Times;
}

const clock = { now: () => 0 };

const resolve = table<Example>({
  port: integer({ min: 1, max: 65_535, fallback: 5555 }),
  loud: flag(true),
  mode: oneOf<'slow' | 'fast'>(['slow', 'fast'], 'fast'),
  name: text(),
  onEvent: callback(),
  clock: having<{ now(): number } | undefined>('now', 'a clock', clock),
  extra: anything(),
  timeouts: nested(table<Times>({ connect: milliseconds(100), idle: milliseconds(0, { min: 10 }) })),
});

/** What checking these options throws. */
function refusal(options: unknown, prefix?: string): OptionError {
  try {
    resolve(options as Example, prefix);
  } catch (error) {
    if (error instanceof OptionError) return error;
    throw error;
  }
  throw new Error('the options were accepted');
}

describe('table', () => {
  it('should fill in the default of everything that was left out', () => {
    const defaults = {
      port: 5555,
      loud: true,
      mode: 'fast',
      name: undefined,
      onEvent: undefined,
      clock,
      extra: undefined,
      timeouts: { connect: 100, idle: 0 },
    };
    expect(resolve(undefined)).toEqual(defaults);
    expect(resolve({})).toEqual(defaults);
    expect(resolve({ name: undefined, extra: undefined })).toEqual(defaults);
  });

  it('should keep what was given', () => {
    const given = {
      port: 1,
      loud: false,
      mode: 'slow',
      name: 'n',
      onEvent: () => undefined,
      clock: { now: () => 1 },
      extra: Symbol.iterator,
      timeouts: { connect: 0, idle: 10 },
    } as const;
    expect(resolve(given)).toEqual(given);
  });

  it('should leave the given object as it is', () => {
    const given = Object.freeze({ timeouts: Object.freeze({ connect: 7 }) });
    expect(resolve(given).timeouts).toEqual({ connect: 7, idle: 0 });
    expect(given).toEqual({ timeouts: { connect: 7 } });
  });

  it.each<[unknown, string, unknown, string]>([
    [{ port: 0 }, 'port', 0, 'port must be an integer from 1 to 65535, got 0'],
    [{ port: 65_536 }, 'port', 65_536, 'port must be an integer from 1 to 65535, got 65536'],
    [{ port: 1.5 }, 'port', 1.5, 'port must be an integer from 1 to 65535, got 1.5'],
    [{ port: NaN }, 'port', NaN, 'port must be an integer from 1 to 65535, got NaN'],
    [{ port: '80' }, 'port', '80', 'port must be an integer from 1 to 65535, got "80"'],
    [{ port: null }, 'port', null, 'port must be an integer from 1 to 65535, got null'],
    [{ loud: 1 }, 'loud', 1, 'loud must be true or false, got 1'],
    [{ mode: 'medium' }, 'mode', 'medium', `mode must be one of 'slow', 'fast', got "medium"`],
    [{ name: '' }, 'name', '', 'name must be a text that is not empty, got ""'],
    [{ name: 5 }, 'name', 5, 'name must be a text that is not empty, got 5'],
    [{ onEvent: 'click' }, 'onEvent', 'click', 'onEvent must be a function, got "click"'],
    [{ clock: null }, 'clock', null, 'clock must be a clock, got null'],
  ])('should name option, value and range: %j', (options, option, value, message) => {
    expect(refusal(options)).toMatchObject({
      name: 'OptionError',
      code: 'ERR_OPTION',
      option,
      value,
      message: `ERR_OPTION: ${message}`,
    });
  });

  it('should describe values that have no short text', () => {
    function shout() {}
    expect(refusal({ clock: [] }).message).toMatch(/got an array$/);
    expect(refusal({ clock: Object.create(null) as object }).message).toMatch(/got an object$/);
    expect(refusal({ clock: shout }).message).toMatch(/got function shout$/);
    expect(refusal({ port: Symbol('p') }).message).toMatch(/got Symbol\(p\)$/);
    expect(refusal({ port: 10n }).message).toMatch(/got 10$/);
    expect(refusal({ mode: 'x'.repeat(500) }).message.length).toBeLessThan(200);
  });

  it('should refuse an unknown name and list those that there are', () => {
    const error = refusal({ prot: 80 });
    expect(error).toMatchObject({ option: 'prot', value: 80 });
    expect(error.message).toBe(
      'ERR_OPTION: prot must be left out: no such option ' +
        '(there are port, loud, mode, name, onEvent, clock, extra, timeouts), got 80',
    );
  });

  it.each(['toString', 'constructor', '__proto__'])(
    'should not take the inherited name %s for an option',
    (name) => {
      const options = JSON.parse(`{ "${name}": 1 }`) as unknown;
      expect(refusal(options)).toMatchObject({ option: name });
    },
  );

  it('should refuse an unknown name even without a value', () => {
    expect(refusal({ prot: undefined })).toMatchObject({ option: 'prot' });
  });

  it('should give nested options their full name', () => {
    expect(refusal({ timeouts: { connect: -1 } })).toMatchObject({
      option: 'timeouts.connect',
      value: -1,
      message: `ERR_OPTION: timeouts.connect must be 0 (off) or an integer from 1 to ${MAX_TIMER} milliseconds, got -1`,
    });
    expect(refusal({ timeouts: { conect: 1 } })).toMatchObject({ option: 'timeouts.conect' });
  });

  it('should put a given prefix in front of every name', () => {
    expect(refusal({ timeouts: { idle: 5 } }, 'tls.')).toMatchObject({ option: 'tls.timeouts.idle' });
    expect(refusal(7, 'tls.')).toMatchObject({ option: 'tls', value: 7 });
  });

  it.each([null, 5, 'port=80', true])('should refuse %j instead of an options object', (options) => {
    expect(refusal(options)).toMatchObject({ option: 'options', value: options });
    expect(refusal({ timeouts: options })).toMatchObject({ option: 'timeouts', value: options });
  });
});

describe('milliseconds', () => {
  const check = milliseconds(5, { min: 1000 });

  it('should accept 0, the ends of the range and what is between', () => {
    expect([0, 1000, 2500, MAX_TIMER].map((value) => check(value, 't'))).toEqual([0, 1000, 2500, MAX_TIMER]);
  });

  it.each([1, 999, MAX_TIMER + 1, -0.5, Infinity, '0'])('should refuse %p', (value) => {
    expect(() => check(value, 't')).toThrow(
      'ERR_OPTION: t must be 0 (off) or an integer from 1000 to 2147483647',
    );
  });
});
