import type { Observable } from 'rxjs';
import { type MarbleValues, readMarbles } from './marbles.ts';
import { readable } from './readable.ts';

/** What a net needs of the helpers that `TestScheduler.run` hands out; give it all of them. */
export interface MarbleHelpers {
  cold<T = string>(marbles: string, values?: Record<string, T>): Observable<T>;
  expectObservable<T>(observable: Observable<T>): {
    toBe(marbles: string, values?: unknown, errorValue?: unknown): void;
  };
}

/** What a diagram is compared with. */
export interface MarbleExpectation {
  /**
   * Says what is expected, in frames since the test began. A symbol without a value stands for itself. Texts and
   * bytes may be given for each other: both sides are compared, and shown, as readable text, where bytes that are not
   * printable look like `<02 00 c0 5f>`.
   *
   * @param error Code of the error that `#` stands for, such as `ECONNRESET`; for peers it is RST.
   * @throws MarbleError for a diagram that makes no sense.
   */
  toBe(marbles: string, values?: MarbleValues<unknown>, error?: string): void;
}

/** `expectObservable` for texts, with expected values made readable too. */
export function expectTexts(
  helpers: MarbleHelpers,
  what: string,
  texts: Observable<string>,
  defaultError = 'error',
  check?: (marbles: string) => void,
): MarbleExpectation {
  const expectation = helpers.expectObservable(texts);
  return {
    toBe: (marbles, values = {}, error = defaultError) => {
      check?.(marbles);
      const expected: Record<string, string> = {};
      for (const { symbol } of readMarbles(what, marbles, values)) {
        expected[symbol] = Object.hasOwn(values, symbol) ? readable(values[symbol]) : symbol;
      }
      expectation.toBe(marbles, expected, error);
    },
  };
}
