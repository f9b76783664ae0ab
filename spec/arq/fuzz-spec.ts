import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { arqSettings } from '../../lib/arq/arq-options.ts';
import { ArqSession } from '../../lib/arq/arq-session.ts';
import { handshakeBytes } from '../../lib/arq/handshake-packet.ts';
import { NetworkError } from '../../lib/base/errors.ts';
import { utf8 } from '../../lib/bytes/bytes-like.ts';
import { datagramOf } from './wire.ts';

const CODES = ['ERR_FRAME_DATA', 'ERR_FRAME_LENGTH', 'ERR_PEER_RESTARTED', 'ERR_TIMEOUT'];

/** Numbers near those that mean something, and any. */
const uint32 = fc.oneof(
  fc.nat(300),
  fc.integer({ min: -300, max: -1 }).map((number) => number >>> 0),
  fc.integer({ min: 0x7fff_ff00, max: 0x8000_0100 }),
  fc.nat(0xffff_ffff),
);
const segment = fc.record({
  conversation: fc.oneof({ weight: 15, arbitrary: fc.constant(9) }, uint32),
  command: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 81, max: 84 }) }, fc.nat(255)),
  fragment: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(255)),
  window: fc.oneof(fc.nat(3), fc.nat(0xffff)),
  ts: uint32,
  sn: uint32,
  una: uint32,
  data: fc.string({ maxLength: 40 }),
});
const segments = fc.array(segment, { minLength: 1, maxLength: 8 }).map((list) => datagramOf(...list));
const handshake = fc
  .record({
    isComplete: fc.boolean(),
    from: fc.oneof(fc.constant(9), uint32),
    to: fc.oneof(fc.constant(7), uint32),
  })
  .map((packet) => Buffer.from(handshakeBytes(packet)));
const anything = fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes));
/** A datagram that has lost a few bits or its end. */
const mutated = fc
  .tuple(fc.oneof(segments, handshake), fc.array(fc.tuple(fc.nat(400), fc.nat(255))), fc.nat(400))
  .map(([bytes, changes, length]) => {
    const copy = Buffer.from(bytes);
    for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
    return copy.subarray(0, length);
  });
const act = fc.oneof(
  { weight: 5, arbitrary: fc.record({ datagram: segments }) },
  { weight: 1, arbitrary: fc.record({ datagram: handshake }) },
  { weight: 1, arbitrary: fc.record({ datagram: anything }) },
  { weight: 2, arbitrary: fc.record({ datagram: mutated }) },
  { weight: 2, arbitrary: fc.record({ again: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ wait: fc.oneof(fc.nat(200), fc.nat(100_000)) }) },
  { weight: 2, arbitrary: fc.record({ say: fc.integer({ min: 1, max: 600 }) }) },
  { weight: 1, arbitrary: fc.record({ pause: fc.boolean() }) },
);

describe('ArqSession given anything', () => {
  it.each([
    { isReady: true, malformed: 'drop' },
    { isReady: true, malformed: 'close' },
    { isReady: false, malformed: 'drop' },
    { isReady: false, malformed: 'close' },
  ] as const)(
    'should fail with a code or go on (ready: $isReady, malformed: $malformed)',
    ({ isReady, malformed }) => {
      fc.assert(
        fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
          const errors: unknown[] = [];
          const sizes: number[] = [];
          let messagesAfter = 0;
          const settings = arqSettings({
            maxMessageSize: 500,
            maxTransUnit: 100,
            resendByAcks: 1,
            malformed,
          });
          const session = new ArqSession(7, settings, {
            datagram: (bytes) => void sizes.push(bytes.length),
            ready: () => undefined,
            message: () => void (messagesAfter += errors.length),
            failed: (error) => void errors.push(error),
          });
          let now = 0;
          const seen: Buffer[] = [];
          session.start(now);
          if (isReady) session.input(handshakeBytes({ isComplete: true, from: 9, to: 7 }), now);
          for (const step of acts) {
            if ('datagram' in step) {
              seen.push(step.datagram);
              session.input(Buffer.from(step.datagram), now);
            } else if ('again' in step) {
              const bytes = seen.at(-1 - step.again);
              if (bytes !== undefined) session.input(Buffer.from(bytes), now);
            } else if ('wait' in step) session.update((now += step.wait));
            else if ('say' in step) {
              if (session.state === 'ready') trySending(session, step.say, now);
            } else if (step.pause) session.pause();
            else session.resume(now);
            expect(session.nextAt).toBeGreaterThan(now);
          }
          expect(errors.length).toBeLessThanOrEqual(1);
          for (const error of errors) {
            expect(error).toBeInstanceOf(NetworkError);
            expect(CODES).toContain((error as NetworkError).code);
            expect(session).toMatchObject({ state: 'over', nextAt: Infinity });
          }
          expect(messagesAfter).toBe(0);
          expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(100);
        }),
        { numRuns: 1000, seed: 7 },
      );
    },
  );
});

function trySending(session: ArqSession, length: number, now: number): void {
  try {
    session.send(utf8('x'.repeat(length)), now);
  } catch (error) {
    expect(error).toMatchObject({ code: length > 500 ? 'ERR_FRAME_LENGTH' : 'ERR_CLOSED' });
  }
}
