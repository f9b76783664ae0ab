import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { type PullBuffer, ProtocolError, TcpServer, hex, pull, pullBuffer } from '../../lib/index.ts';
import { afterTest } from '../support/cleanup.ts';
import { plainClient } from '../support/plain-net.ts';

interface Scenario {
  readonly name: string;
  readonly serverEvents: {
    ev: string;
    total?: number;
    len?: number;
    r?: number;
    overAsk?: number;
    op?: string;
  }[];
  readonly peerSent: [string[]];
  readonly peerSaw: [{ received: number; receivedHex: string; end: 'open' | 'fin' }];
}

const { pull: scenarios } = JSON.parse(
  readFileSync(new URL('../vectors/hp-socket/pull.json', import.meta.url), 'utf8'),
) as { pull: Scenario[] };

const HEAD = 8;
const RESULTS = ['ok', 'length-too-long', 'data-not-found'];

/** What a connection waits for, as the original's samples keep it. */
interface Progress {
  head: Uint8Array | undefined;
  required: number;
}

describe('PULL as recorded from HP-Socket', () => {
  it.each(scenarios)('$name, fetching', async (scenario) => {
    const server = new TcpServer({ host: '127.0.0.1', codec: pullBuffer() });
    const log: unknown[] = [];
    const peeks = scenario.serverEvents.some(({ ev }) => ev === 'peek');
    server.accept$.subscribe((connection) => {
      const progress: Progress = { head: undefined, required: HEAD };
      connection.receive$.subscribe({
        next: (buffer) => {
          log.push({ ev: 'OnReceive', total: buffer.length });
          onReceive(buffer, progress, peeks, log, (bytes) => connection.send(bytes));
        },
        error: () => undefined,
      });
    });
    await play(server, scenario);
    expect(log).toEqual(applicationEventsOf(scenario));
  });

  it.each(scenarios)('$name, as a generator', async (scenario) => {
    const codec = pull(function* (r) {
      const head = yield* r.fetch(HEAD);
      const length = Buffer.from(head).readUInt32LE(4);
      if (length === 0)
        throw new ProtocolError('ERR_FRAME_LENGTH', 'an empty body', { operation: 'receive' });
      return Buffer.concat([head, yield* r.fetch(length)]);
    });
    const server = new TcpServer({ host: '127.0.0.1', codec });
    const lengths: number[] = [];
    server.receive$.subscribe(({ connection, data }) => {
      lengths.push(data.length - HEAD);
      connection.send(data);
    });
    await play(server, scenario);
    const messages = scenario.serverEvents.filter(({ ev }) => ev === 'msg');
    expect(lengths).toEqual(messages.map(({ len }) => len));
  });
});

/** The handler of the recorded server: head and body by turns, echoed. */
function onReceive(
  buffer: PullBuffer,
  progress: Progress,
  peeks: boolean,
  log: unknown[],
  send: (bytes: Uint8Array) => void,
): void {
  while (buffer.length >= progress.required) {
    if (peeks) {
      const r = RESULTS.indexOf(buffer.peek(progress.required).result);
      log.push({ ev: 'peek', r, overAsk: RESULTS.indexOf(buffer.peek(buffer.length + 1).result) });
    }
    const { data } = buffer.fetch(progress.required);
    if (progress.head === undefined) {
      const required = Buffer.from(data!).readUInt32LE(4);
      if (required === 0) {
        log.push({ ev: 'bad-len', len: 0 });
        throw new Error('bad length');
      }
      Object.assign(progress, { head: data, required });
    } else {
      log.push({ ev: 'msg', len: progress.required });
      send(Buffer.concat([progress.head, data!]));
      Object.assign(progress, { head: undefined, required: HEAD });
    }
  }
}

/** What the application was told or did, as it was recorded. */
function applicationEventsOf({ serverEvents }: Scenario): unknown[] {
  const ours = serverEvents.filter(({ ev }) => ['OnReceive', 'msg', 'peek', 'bad-len'].includes(ev));
  return ours.map(({ ev, total, len, r, overAsk }) =>
    Object.fromEntries(
      Object.entries({ ev, total, len, r, overAsk }).filter(([, value]) => value !== undefined),
    ),
  );
}

/** Writes what was recorded, piece by piece, and compares what comes back. */
async function play<In, Out>(server: TcpServer<In, Out>, scenario: Scenario): Promise<void> {
  afterTest(() => server.stop({ drain: false }));
  server.faults$.subscribe();
  const { port } = (await server.start()) as { port: number };
  const accepted = firstValueFrom(server.accept$);
  const peer = await plainClient(port);
  const connection = await accepted;
  const closed = firstValueFrom(connection.close$);
  let back = '';
  peer.on('data', (data: Buffer) => (back += data.toString('hex')));
  for (const piece of scenario.peerSent[0]) {
    const before = connection.bytesIn;
    const bytes = hex(piece);
    peer.write(bytes);
    while (connection.bytesIn < before + bytes.length) await new Promise((next) => setImmediate(next));
  }
  const [{ received, receivedHex }] = scenario.peerSaw;
  while (back.length < 2 * received) await new Promise((next) => setImmediate(next));
  expect(back).toBe(receivedHex);
  if (!scenario.serverEvents.some(({ op }) => op === 'SO_RECEIVE')) return;
  peer.end();
  const { reason, operation } = await closed;
  expect(['handler', 'protocol']).toContain(reason);
  expect(operation).toBe('receive');
}
