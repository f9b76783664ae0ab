import { describe, expect, it } from '@jest/globals';
import { type Observable, Subject, from, map, take } from 'rxjs';
import { ProtocolError } from '../../lib/base/errors.ts';
import { toText, utf8 } from '../../lib/bytes/bytes-like.ts';
import { pack } from '../../lib/codec/pack.ts';
import { currentGate } from '../../lib/flow/emission.ts';
import { decode } from '../../lib/framing/decode.ts';
import { encode } from '../../lib/framing/encode.ts';
import { SMALL } from '../../lib/send/send-policy.ts';
import { logOf } from '../support/coded-world.ts';
import { recordedGate } from '../support/flow-recorder.ts';
import { pattern } from '../support/patterns.ts';
import { marbles, underGate } from '../support/under-gate.ts';
import { words } from '../support/word-codec.ts';

const FAULT = new ProtocolError('ERR_FRAME_DATA', '! is not understood', { operation: 'send' });
const textsOf = (source: Observable<Uint8Array>) => logOf(source.pipe(map(toText)));

describe('encode', () => {
  const cases: [string, Parameters<typeof words>[0], string, string, unknown?][] = [
    ['emit every message at once', {}, '-a-b-|', '-A-B-|'],
    ['error with the source', {}, '-a-#', '-A-#', 'error'],
    ['error when a message cannot be encoded', {}, '-a-x-b', '-A-#', FAULT],
    ['error with what the codec throws', {}, '-a-y-b', '-A-#', new TypeError('the codec is broken')],
    ['say the last words', { last: 'end' }, '-a-|', '-A-(L|)'],
    ['error when there are no last words', { last: '!' }, '-a-|', '-A-#', FAULT],
    ['emit nothing when there is nothing', {}, '-e-a-|', '---A-|'],
  ];
  for (const [name, options, source, expected, error] of cases) {
    it(`should ${name}`, () => {
      marbles().run(({ hot, expectObservable }) => {
        const messages = hot(source, { a: 'a', b: 'b', e: '-', x: '!', y: '?' });
        expectObservable(messages.pipe(encode(words(options)), map(toText))).toBe(
          expected,
          { A: 'a;', B: 'b;', L: 'end;' },
          error,
        );
      });
    });
  }

  it('should unsubscribe from the source when a message cannot be encoded', () => {
    const messages = new Subject<string>();
    expect(textsOf(messages.pipe(encode(words())))).toEqual([]);
    messages.next('!');
    expect(messages.observed).toBe(false);
  });

  it('should join the messages of one emission', () => {
    const { gate } = recordedGate();
    const messages = new Subject<string>();
    const seen = textsOf(messages.pipe(encode(words())));
    gate.emit(() => {
      messages.next('a');
      messages.next('b');
      expect(seen).toEqual([]);
    });
    messages.next('c');
    expect(seen).toEqual(['a;b;', 'c;']);
  });

  it('should emit under the gate that delivered', () => {
    const { gate } = recordedGate();
    const { gate: other } = recordedGate();
    const seen: unknown[] = [];
    const messages = new Subject<string>();
    messages.pipe(encode(words())).subscribe((bytes) => {
      const current = currentGate();
      seen.push([toText(bytes), current === gate ? 'gate' : current === other ? 'other' : 'none']);
    });
    gate.emit(() => {
      messages.next('a');
      other.emit(() => {
        messages.next('b');
        messages.next('c');
      });
      messages.next('d');
    });
    messages.next('e');
    expect(seen).toEqual([
      ['a;', 'gate'],
      ['b;c;', 'other'],
      ['d;', 'gate'],
      ['e;', 'none'],
    ]);
  });

  it('should emit what came before a fault in the same emission, and nothing of the faulty message', () => {
    const { gate } = recordedGate();
    const messages = new Subject<string>();
    const seen = textsOf(messages.pipe(encode(words())));
    gate.emit(() => {
      messages.next('a');
      messages.next('!');
      messages.next('b');
    });
    expect(seen).toEqual(['a;', 'ERR_FRAME_DATA']);
  });

  it('should emit what waits when the source completes or errors in the same emission', () => {
    const { gate } = recordedGate();
    for (const end of ['complete', 'error'] as const) {
      const messages = new Subject<string>();
      const seen = textsOf(messages.pipe(encode(words())));
      gate.emit(() => {
        messages.next('a');
        messages[end](new RangeError('no'));
      });
      expect(seen).toEqual(['a;', end === 'complete' ? '|' : 'RangeError']);
    }
  });

  it('should drop what waits when it is unsubscribed from', () => {
    const { gate } = recordedGate();
    const messages = new Subject<string>();
    const seen: unknown[] = [];
    const subscription = messages.pipe(encode(words())).subscribe((bytes) => seen.push(bytes));
    gate.emit(() => {
      messages.next('a');
      subscription.unsubscribe();
    });
    expect(seen).toEqual([]);
    expect(messages.observed).toBe(false);
  });

  it('should stop in time for those who want no more', () => {
    const { gate } = recordedGate();
    const seen = textsOf(from(['a', 'b', 'c']).pipe(underGate(gate), encode(words()), take(2)));
    expect(seen).toEqual(['a;', 'b;', '|']);
  });

  it('should not let out a block more than one emission gathers', () => {
    const { gate } = recordedGate();
    const messages = new Subject<string>();
    const lengths: number[] = [];
    messages.pipe(encode(pack())).subscribe(({ length }) => lengths.push(length));
    gate.emit(() => {
      for (let i = 0; i < 100; i++) messages.next('x'.repeat(996));
      expect(lengths.length).toBeGreaterThan(0);
    });
    expect(lengths.reduce((a, b) => a + b)).toBe(100_000);
    expect(Math.max(...lengths)).toBeLessThan(80_000);
  });

  it('should give large messages on without a copy', () => {
    const large = pattern(SMALL);
    const seen: Uint8Array[] = [];
    from([large])
      .pipe(encode(pack()))
      .subscribe((bytes) => seen.push(bytes));
    expect(seen.map(({ length }) => length)).toEqual([4, SMALL]);
    expect(seen[1]).toBe(large);
  });

  it('should keep messages whole when one is sent while another goes out', () => {
    const messages = new Subject<string>();
    const bytes: Uint8Array[] = [];
    messages.pipe(encode(pack())).subscribe((piece) => {
      bytes.push(Buffer.from(piece));
      if (bytes.length === 1) messages.next('small');
    });
    messages.next('L'.repeat(SMALL));
    const decoded = logOf(
      from(bytes).pipe(
        decode(pack()),
        map((body) => toText(body).slice(0, 5)),
      ),
    );
    expect(decoded).toEqual(['LLLLL', 'small', '|']);
  });

  it('should undo what decode does', () => {
    const { gate } = recordedGate();
    const chunks = ['a;b', ';c;', 'd'].map(utf8);
    const echoed = textsOf(
      from(chunks).pipe(underGate(gate), decode(words({ tail: 'drop' })), encode(words({ last: 'end' }))),
    );
    expect(echoed).toEqual(['a;', 'b;c;', 'end;', '|']);
  });
});
