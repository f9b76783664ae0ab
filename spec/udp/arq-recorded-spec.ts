import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { ArqOptions } from '../../lib/arq/arq-options.ts';
import { HANDSHAKE_LENGTH } from '../../lib/arq/handshake-packet.ts';
import { ACK, PUSH, SEGMENT_HEADER, readUint32, writeUint32 } from '../../lib/arq/segment.ts';
import { hex } from '../../lib/bytes/bytes-like.ts';
import { simulate } from '../../lib/testing/simulate.ts';
import { ArqClient } from '../../lib/udp/arq-client.ts';
import { ArqServer } from '../../lib/udp/arq-server.ts';
import { Probe } from '../support/datagram-probe.ts';
import { PORT, TO_SERVER } from './arq-peer.ts';

interface Recorded {
  readonly ms: number;
  readonly dir: 'c2s' | 's2c';
  readonly len: number;
  readonly hex: string;
  readonly dropped?: boolean;
}

interface Told {
  readonly ev: string;
  readonly ms?: number;
  readonly fn?: string;
  readonly len?: number;
  readonly op?: string;
  readonly err?: number;
}

interface Scenario {
  readonly name: string;
  readonly clientOptions: string[];
  readonly serverOptions: string[];
  readonly datagrams: Recorded[];
  readonly clientEvents: Told[];
  readonly serverEvents: Told[];
}

const { scenarios } = JSON.parse(
  readFileSync(new URL('../vectors/hp-socket/arq.json', import.meta.url), 'utf8'),
) as { scenarios: Scenario[] };

/** What the relay took to pass a datagram on, and how far our times may be off the recorded ones, in milliseconds. */
const RELAY_DELAY = 37.4;
const TOLERANCE = 2;
/** Long after everything. */
const LATE = 4000;

const isLonely = ({ name }: Scenario) => name.startsWith('nobody');
const answered = scenarios.filter((scenario) => !isLonely(scenario));

describe('ArqClient as recorded from HP-Socket', () => {
  it.each(answered)('should send the same datagrams and tell the same: $name', (scenario) => {
    const { sent, told } = playClient(scenario);
    expect(sent.map(({ shown }) => shown)).toEqual(shownOf(scenario, 'c2s'));
    expect(told).toEqual(eventsOf(scenario.clientEvents));
  });

  it.each(scenarios)('should send them when the original did: $name', (scenario) => {
    const { sent } = playClient(scenario);
    const times = sent.filter(({ bytes }) => isReported(bytes)).map(({ at }) => at);
    const recorded = scenario.clientEvents.filter(({ ev }) => ev === 'OnSend');
    expect(times).toEqual(
      recorded.map(({ ms }) => expect.closeTo(ms!, -Math.log10(2 * TOLERANCE)) as unknown),
    );
  });

  it('should give up as the original did when nobody answers, without a notice', () => {
    const scenario = scenarios.find(isLonely)!;
    const { sent, told, closedAt } = playClient(scenario);
    expect(sent.map(({ bytes }) => bytes.length)).toEqual([0, 12, 12, 12, 12]);
    expect(told).toEqual([
      { ev: 'OnPrepareConnect' },
      { ev: 'OnConnect' },
      { ev: 'OnClose', op: 'SO_RECEIVE', err: 110 },
    ]);
    expect(closedAt).toBe(1020);
  });
});

describe('ArqServer as recorded from HP-Socket', () => {
  it.each(answered)('should send the same datagrams and tell the same: $name', (scenario) => {
    const { sent, told } = playServer(scenario);
    expect(sent.map(({ shown }) => shown).sort(heartbeatsFirst)).toEqual(
      shownOf(scenario, 's2c').sort(heartbeatsFirst),
    );
    expect(told).toEqual(eventsOf(scenario.serverEvents).filter(({ ev }) => !/Prepare|Shutdown/.test(ev)));
  });
});

/** Plays the server to a client under test, which does what the recorded application did. */
function playClient(scenario: Scenario) {
  const told: Told[] = [];
  const side = new Side(scenario, 'c2s');
  let closedAt: number | undefined;
  simulate({}, ({ world, network, at, scheduler }) => {
    const peer = new Probe(network, { port: PORT });
    let port = 0;
    peer.onReceived = (bytes, from) => {
      port = from.port;
      side.took(bytes, scheduler.now());
    };
    const client = new ArqClient({ ...world, to: PORT, arq: optionsOf(scenario.clientOptions) });
    client.prepareConnect$.subscribe(() => told.push({ ev: 'OnPrepareConnect' }));
    client.connect$.subscribe(() => told.push({ ev: 'OnConnect' }));
    client.handshake$.subscribe(() => told.push({ ev: 'OnHandShake' }));
    client.receive$.subscribe(({ data }) => told.push({ ev: 'OnReceive', len: data.length }));
    client.close$.subscribe(({ operation, error }) => {
      told.push(closeOf(operation, error));
      closedAt = scheduler.now();
    });
    at(0, () => client.start());
    for (const datagram of side.fromPeer())
      at(datagram.at, () => peer.send(side.translated(datagram.bytes), port));
    for (const { ms, bytes } of messagesOf(scenario)) at(ms, () => client.send(bytes));
    const stopped = scenario.clientEvents.find(({ ev }) => ev === 'OnClose')!.ms!;
    if (!isLonely(scenario)) at(stopped, () => client.stop({ drain: false }));
    at(LATE, () => peer.close());
  });
  return { sent: side.sent(), told, closedAt };
}

/** Plays the client to an echoing server under test. */
function playServer(scenario: Scenario) {
  const told: Told[] = [];
  const side = new Side(scenario, 's2c');
  simulate({}, ({ world, network, at, scheduler }) => {
    const server = new ArqServer({ ...world, port: PORT, arq: optionsOf(scenario.serverOptions) });
    server.accept$.subscribe(() => told.push({ ev: 'OnAccept' }));
    server.handshake$.subscribe(() => told.push({ ev: 'OnHandShake' }));
    server.receive$.subscribe(({ connection, data }) => {
      told.push({ ev: 'OnReceive', len: data.length });
      connection.send(data);
    });
    server.close$.subscribe(({ operation, error }) => told.push(closeOf(operation, error)));
    void server.start();
    const peer = new Probe(network, TO_SERVER);
    peer.onReceived = (bytes) => side.took(bytes, scheduler.now());
    for (const datagram of side.fromPeer()) at(datagram.at, () => peer.send(side.translated(datagram.bytes)));
    at(LATE, () => {
      void server.stop();
      peer.close();
    });
  });
  return { sent: side.sent(), told };
}

/** The side under test: its ids and its clock are others than the recorded ones. */
class Side {
  private readonly scenario: Scenario;
  private readonly own: Recorded['dir'];
  private readonly taken: { at: number; bytes: Buffer }[] = [];

  constructor(scenario: Scenario, own: Recorded['dir']) {
    this.scenario = scenario;
    this.own = own;
  }

  took(bytes: Uint8Array, at: number): void {
    this.taken.push({ at, bytes: Buffer.from(bytes) });
  }

  /** What the other side sends, and when. */
  fromPeer() {
    const delay = this.scenario.name.startsWith('every datagram delayed') ? RELAY_DELAY : 0.4;
    return this.scenario.datagrams
      .filter(({ dir, dropped }) => dir !== this.own && dropped !== true)
      .map((recorded, place) => ({
        // One after the other, since they answer each other.
        at: recorded.ms + delay + place * 0.05,
        bytes: bytesOf(recorded),
      }));
  }

  /** What the peer said to the recorded side, as it has to be said to this one. */
  translated(bytes: Buffer): Buffer {
    const { recorded, actual } = this.ids();
    const copy = Buffer.from(bytes);
    if (copy.length === HANDSHAKE_LENGTH && readUint32(copy, 8) === recorded) writeUint32(copy, 8, actual);
    const clocks = this.clocks();
    each(copy, (at) => {
      if (copy[at + 4] === ACK)
        writeUint32(copy, at + 8, readUint32(copy, at + 8) - clocks.recorded + clocks.actual);
    });
    return copy;
  }

  /** What this side sent, as the recorded one would have. */
  sent() {
    const { recorded, actual } = this.ids();
    const clocks = this.clocks();
    const starts = this.scenario.datagrams.filter(({ dir }) => dir === this.own);
    return this.taken.map(({ at, bytes }, place) => {
      const copy = Buffer.from(bytes);
      if (copy.length === HANDSHAKE_LENGTH && readUint32(copy, 4) === actual) writeUint32(copy, 4, recorded);
      each(copy, (begin) => {
        if (readUint32(copy, begin) === actual) writeUint32(copy, begin, recorded);
        if (copy[begin + 4] === PUSH)
          writeUint32(copy, begin + 8, readUint32(copy, begin + 8) - clocks.actual + clocks.recorded);
      });
      return { at, bytes, shown: show(copy, starts[place]?.hex ?? '') };
    });
  }

  private ids() {
    const first = this.scenario.datagrams.find(
      ({ dir, len }) => dir === this.own && len === HANDSHAKE_LENGTH,
    )!;
    const ours = this.taken.find(({ bytes }) => bytes.length === HANDSHAKE_LENGTH);
    return {
      recorded: readUint32(bytesOf(first), 4),
      actual: ours === undefined ? 0 : readUint32(ours.bytes, 4),
    };
  }

  /** What the clocks showed in the first data that each has sent. */
  private clocks() {
    const recorded = this.scenario.datagrams.filter(({ dir }) => dir === this.own).map(bytesOf);
    return { recorded: firstTime(recorded), actual: firstTime(this.taken.map(({ bytes }) => bytes)) };
  }
}

function firstTime(datagrams: readonly Uint8Array[]): number {
  for (const bytes of datagrams) {
    let time: number | undefined;
    each(bytes, (at) => {
      if (bytes[at + 4] === PUSH) time ??= readUint32(bytes, at + 8);
    });
    if (time !== undefined) return time;
  }
  return 0;
}

/** Every segment of a datagram. */
function each(bytes: Uint8Array, look: (at: number) => void): void {
  for (let at = 0; bytes.length - at >= SEGMENT_HEADER; at += SEGMENT_HEADER + readUint32(bytes, at + 20))
    look(at);
}

/** As it is recorded: whole, or as much of it as is there. */
function show(bytes: Buffer, recorded: string): string {
  const digits = bytes.toString('hex');
  const isCut = recorded.endsWith('…') && digits.length > recorded.length - 1;
  return `${bytes.length} ${isCut ? `${digits.slice(0, recorded.length - 1)}…` : digits}`;
}

function shownOf({ datagrams }: Scenario, own: Recorded['dir']): string[] {
  return datagrams.filter(({ dir }) => dir === own).map(({ len, hex: digits }) => `${len} ${digits}`);
}

/** The original answers a heartbeat in another thread than it shakes hands in, so that either may be first. */
function heartbeatsFirst(a: string, b: string): number {
  return Number(b === '0 ') - Number(a === '0 ');
}

/** The original tells of datagrams that were sent, but not of heartbeats and notices. */
function isReported({ length }: Uint8Array): boolean {
  return length === HANDSHAKE_LENGTH || length >= SEGMENT_HEADER;
}

/** What the application was told, but for the datagrams: our `sent$` tells of messages. */
function eventsOf(events: readonly Told[]): Told[] {
  return events
    .filter(({ ev }) => ev.startsWith('On') && ev !== 'OnSend')
    .map(({ ev, len, op, err }) => JSON.parse(JSON.stringify({ ev, len, op, err })) as Told);
}

function closeOf(operation: string, error: Error | undefined): Told {
  const err = error === undefined ? 0 : error.message.startsWith('ERR_TIMEOUT') ? 110 : -1;
  return { ev: 'OnClose', op: `SO_${operation.toUpperCase()}`, err };
}

function messagesOf({ clientOptions, clientEvents }: Scenario): { ms: number; bytes: Buffer }[] {
  const texts = valueOf(clientOptions, '--send')?.split(',') ?? [];
  const length = Number(valueOf(clientOptions, '--sendlen') ?? 0);
  const messages = length > 0 ? ['a'.repeat(length)] : texts;
  const calls = clientEvents.filter(({ ev, fn }) => ev === 'call' && fn === 'Send');
  return calls.map(({ ms }, place) => ({ ms: ms!, bytes: Buffer.from(messages[place]!) }));
}

function optionsOf(words: string[]): ArqOptions {
  const number = (name: string) => Number(valueOf(words, name));
  return {
    ...(words.includes('--nodelay') ? { noDelay: true } : {}),
    ...(words.includes('--nocong') ? { congestionControl: false } : {}),
    ...(words.includes('--flush') ? { flushInterval: number('--flush') } : {}),
    ...(words.includes('--hstimeout') ? { handshakeTimeout: number('--hstimeout') } : {}),
  };
}

function valueOf(words: string[], name: string): string | undefined {
  const place = words.indexOf(name);
  return place < 0 ? undefined : words[place + 1];
}

/** The bytes of a datagram; the rest of one that is cut is the letter a. */
function bytesOf({ hex: digits, len }: Recorded): Buffer {
  const bytes = Buffer.alloc(len, 'a');
  bytes.set(hex(digits.replace('…', '')));
  return bytes;
}
