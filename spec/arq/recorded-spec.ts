import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { arqSettings, type ArqOptions } from '../../lib/arq/arq-options.ts';
import { ArqSession } from '../../lib/arq/arq-session.ts';
import { arqDatagramKind } from '../../lib/arq/datagram-kind.ts';
import { readHandshake } from '../../lib/arq/handshake-packet.ts';
import { PUSH, readUint32 } from '../../lib/arq/segment.ts';
import type { NetworkError } from '../../lib/base/errors.ts';
import { hex, utf8 } from '../../lib/bytes/bytes-like.ts';

interface Datagram {
  readonly ms: number;
  readonly dir: 'c2s' | 's2c';
  readonly len: number;
  readonly hex: string;
  readonly dropped?: boolean;
}

interface Scenario {
  readonly name: string;
  readonly clientOptions: string[];
  readonly serverOptions: string[];
  readonly datagrams: Datagram[];
  readonly clientEvents: { ev: string; fn?: string; ms?: number; len?: number; err?: number }[];
}

const { scenarios } = JSON.parse(
  readFileSync(new URL('../vectors/hp-socket/arq.json', import.meta.url), 'utf8'),
) as { scenarios: Scenario[] };

/** What the relay took to pass a datagram on, and how far our times may be off the recorded ones. */
const RELAY_DELAY = 37.4;
const TOLERANCE = 2;

const SIDES = scenarios.flatMap((scenario) => [
  { name: `client of: ${scenario.name}`, scenario, side: 'client' as const },
  { name: `server of: ${scenario.name}`, scenario, side: 'server' as const },
]);

describe('reliable UDP as recorded from HP-Socket', () => {
  it.each(SIDES.filter(({ scenario, side }) => sentBy(scenario, side).length > 0))(
    'should write the same datagrams as the $name',
    ({ scenario, side }) => {
      const { sent } = replay(scenario, side);
      const recorded = sentBy(scenario, side).map(({ len, hex: digits }) => `${len} ${digits}`);
      const starts = sentBy(scenario, side).map(({ hex: digits }) => digits.replace('…', '').length / 2);
      const same = sent.map(({ bytes }, place) => {
        const shown = bytes.subarray(0, starts[place]).toString('hex');
        return `${bytes.length} ${shown}${shown.length < 2 * bytes.length ? '…' : ''}`;
      });
      // Where nobody answers the relay heard the first only; the others are looked at below.
      if (scenario.name.startsWith('nobody')) same.length = 1;
      expect(same).toEqual(recorded);
    },
  );

  it.each(scenarios)('should write them when the client of "$name" did', (scenario) => {
    const recorded = scenario.clientEvents.filter(({ ev }) => ev === 'OnSend').map(({ ms }) => ms!);
    const { sent } = replay(scenario, 'client');
    expect(sent.map(({ at }) => at)).toEqual(
      recorded.map((ms) => expect.closeTo(ms, -Math.log10(2 * TOLERANCE))),
    );
  });

  it('should become ready when the original did', () => {
    const ready = scenarios
      .filter(({ name }) => !name.startsWith('nobody'))
      .map((scenario) => {
        const recorded = scenario.clientEvents.find(({ ev }) => ev === 'OnHandShake')!.ms!;
        return Math.abs(replay(scenario, 'client').readyAt! - recorded);
      });
    expect(Math.max(...ready)).toBeLessThan(TOLERANCE);
  });

  it('should give up when the original did', () => {
    const scenario = scenarios.find(({ name }) => name.startsWith('nobody'))!;
    const { error, failedAt, sent } = replay(scenario, 'client');
    expect(sent.map(({ at }) => at)).toEqual([0, 120, 360, 720]);
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(failedAt).toBe(1020);
  });

  it('should refuse the message that the original refused', () => {
    const scenario = scenarios.find(({ name }) => name.startsWith('send 4097'))!;
    expect(replay(scenario, 'client').refused).toMatchObject({ code: 'ERR_FRAME_LENGTH' });
  });
});

function sentBy(scenario: Scenario, side: 'client' | 'server'): Datagram[] {
  const dir = side === 'client' ? 'c2s' : 's2c';
  return scenario.datagrams.filter(
    (datagram) => datagram.dir === dir && ['handshake', 'segments'].includes(arqDatagramKind(datagram.len)),
  );
}

/** Plays to a session what came to one side of a recording, and does what the application there did. */
function replay(scenario: Scenario, side: 'client' | 'server') {
  const settings = arqSettings(
    optionsOf(side === 'client' ? scenario.clientOptions : scenario.serverOptions),
  );
  const delay = scenario.name.startsWith('every datagram delayed') ? RELAY_DELAY : 0;
  const startMs = side === 'client' ? 0 : delay;
  const first = sentBy(scenario, side)[0]!;
  const begun = startOfClock(sentBy(scenario, side), startMs, settings.flushInterval);
  const clock = { ms: startMs };
  const now = () => begun + clock.ms - startMs;
  const result = {
    sent: [] as { at: number; bytes: Buffer }[],
    readyAt: undefined as number | undefined,
    failedAt: undefined as number | undefined,
    error: undefined as NetworkError | undefined,
    refused: undefined as unknown,
  };
  const session = new ArqSession(readHandshake(bytesOf(first)).from, settings, {
    datagram: (bytes) => void result.sent.push({ at: clock.ms, bytes: Buffer.from(bytes) }),
    ready: () => void (result.readyAt = clock.ms),
    message: (bytes) => side === 'server' && session.send(bytes, now()),
    failed: (error) => void ([result.error, result.failedAt] = [error, clock.ms]),
  });
  const acts = side === 'client' ? messagesOf(scenario) : [];
  const stopped = scenario.clientEvents.find(({ ev }) => ev === 'OnClose')!.ms!;
  const steps = scenario.datagrams
    .filter(({ dir, dropped }) => dir === (side === 'client' ? 's2c' : 'c2s') && dropped !== true)
    .map((datagram) => ({
      ms: datagram.ms + delay,
      run: () =>
        arqDatagramKind(datagram.len) === 'closeNotice'
          ? session.close()
          : session.input(bytesOf(datagram), now()),
    }))
    .concat(acts.map(({ ms, bytes }) => ({ ms, run: () => attempt(() => session.send(bytes, now())) })))
    .concat(
      side === 'client' && !scenario.name.startsWith('nobody')
        ? { ms: stopped, run: () => session.close() }
        : [],
    )
    .sort((a, b) => a.ms - b.ms);
  session.start(now());
  for (const { ms, run } of [...steps, { ms: 2000, run: () => undefined }]) {
    while (session.nextAt - begun + startMs <= ms) {
      clock.ms = session.nextAt - begun + startMs;
      session.update(session.nextAt);
    }
    clock.ms = ms;
    run();
  }
  return result;

  function attempt(send: () => void): void {
    try {
      send();
    } catch (refused) {
      result.refused = refused;
    }
  }
}

/** What the clock of that side showed when it began: its first segment carries the time of the flush before. */
function startOfClock(sent: Datagram[], startMs: number, interval: number): number {
  for (const datagram of sent) {
    if (arqDatagramKind(datagram.len) !== 'segments') continue;
    const bytes = bytesOf(datagram);
    const push = bytes[4] === PUSH ? 0 : 24;
    if (bytes[push + 4] !== PUSH) continue;
    // The relay saw it when it had passed on what was before.
    const flushes = Math.floor((datagram.ms - startMs + 1) / interval);
    return readUint32(bytes, push + 8) - flushes * interval;
  }
  return 0;
}

function messagesOf({ clientOptions, clientEvents }: Scenario): { ms: number; bytes: Uint8Array }[] {
  const texts = valueOf(clientOptions, '--send')?.split(',') ?? [];
  const length = Number(valueOf(clientOptions, '--sendlen') ?? 0);
  const messages = length > 0 ? ['a'.repeat(length)] : texts;
  const calls = clientEvents.filter(({ ev, fn }) => ev === 'call' && fn === 'Send');
  return calls.map(({ ms }, place) => ({ ms: ms!, bytes: utf8(messages[place]!) }));
}

function optionsOf(words: string[]): ArqOptions {
  const options: Record<string, unknown> = {};
  if (words.includes('--nodelay')) options['noDelay'] = true;
  if (words.includes('--nocong')) options['congestionControl'] = false;
  if (words.includes('--flush')) options['flushInterval'] = Number(valueOf(words, '--flush'));
  if (words.includes('--hstimeout')) options['handshakeTimeout'] = Number(valueOf(words, '--hstimeout'));
  return options;
}

function valueOf(words: string[], name: string): string | undefined {
  const place = words.indexOf(name);
  return place < 0 ? undefined : words[place + 1];
}

/** The bytes of a datagram; the rest of one that is cut is the letter a. */
function bytesOf({ hex: digits, len }: Datagram): Uint8Array {
  const bytes = Buffer.alloc(len, 'a');
  bytes.set(hex(digits.replace('…', '')));
  return bytes;
}
