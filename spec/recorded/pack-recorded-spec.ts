import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import {
  type Closed,
  type Connection,
  NetworkError,
  TcpAgent,
  TcpClient,
  TcpServer,
  hex,
  pack,
} from '../../lib/index.ts';
import { afterTest } from '../support/cleanup.ts';
import { plainClient, plainServer } from '../support/plain-net.ts';

interface Recording {
  readonly encode: {
    readonly flag: number;
    readonly bodyLength: number;
    readonly bodyRule: string;
    readonly headerHex: string;
    readonly wireSha1: string;
  }[];
  readonly encodeRefused: { flag: number; max: number; bodyLength: number; sendReturned: boolean }[];
  readonly encodeRefusedWire: { bytes: number; hexStart: string };
  readonly startRefused: { flag: number; max: number; started: boolean }[];
  readonly decode: Decoding[];
}

interface Decoding {
  readonly name: string;
  readonly version: string;
  readonly serverFlag: number;
  readonly serverMax: number;
  readonly segments: string[];
  readonly thenFin: boolean;
  readonly serverEvents: { ev: string; len?: number; hex?: string; op?: string; err?: number }[];
  readonly peerSaw: { received: number; receivedHex: string; receivedSha1?: string; end: 'open' | 'fin' };
  readonly note?: string;
}

const recording = JSON.parse(
  readFileSync(new URL('../vectors/hp-socket/pack.json', import.meta.url), 'utf8'),
) as Recording;

/** What was recorded as an error number, as this library calls it. */
const CODES = new Map([
  [74, 'ERR_FRAME_DATA'],
  [90, 'ERR_FRAME_LENGTH'],
]);

describe('PACK as recorded from HP-Socket', () => {
  it.each(recording.encode)('should send flag $flag, $bodyLength bytes', async (sent) => {
    const { flag, bodyLength } = sent;
    const { connection, peer } = await acceptedBy({ flag, maxSize: 0x3f_ffff });
    const wire = readBytes(peer, 4 + bodyLength);
    expect(connection.send(bodyOf(sent))).not.toBe('refused');
    const bytes = await wire;
    expect(bytes.subarray(0, 4).toString('hex')).toBe(sent.headerHex);
    expect(sha1(bytes)).toBe(sent.wireSha1);
  });

  it('should refuse the sends that were refused, and go on', async () => {
    const [{ flag, max }] = recording.encodeRefused as [(typeof recording.encodeRefused)[number]];
    const { connection, peer } = await acceptedBy({ flag, maxSize: max });
    const wire = readBytes(peer, recording.encodeRefusedWire.bytes);
    for (const { bodyLength, sendReturned } of recording.encodeRefused) {
      const result = connection.send(Buffer.alloc(bodyLength, 'b'));
      expect([bodyLength, result !== 'refused']).toEqual([bodyLength, sendReturned]);
      if (!sendReturned)
        expect(connection.lastError).toMatchObject({ code: 'ERR_FRAME_LENGTH', operation: 'send' });
    }
    expect((await wire).toString('hex')).toMatch(new RegExp(`^${recording.encodeRefusedWire.hexStart}`));
    expect(connection.state).toBe('open');
  });

  it.each(recording.startRefused)(
    'should take flag $flag, maximum $max: $started',
    ({ flag, max, started }) => {
      const make = () => pack({ flag, maxSize: max });
      if (started) expect(make).not.toThrow();
      else expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }));
    },
  );

  describe.each(recording.decode)('$name ($version)', (recorded) => {
    it('should be met by the server in the same way', async () => {
      const { connection, peer } = await acceptedBy({
        flag: recorded.serverFlag,
        maxSize: recorded.serverMax,
      });
      await replay(recorded, connection, peer);
    });

    it('should be met by the client in the same way', async () => {
      const codec = pack({ flag: recorded.serverFlag, maxSize: recorded.serverMax });
      const accepted = newSocket();
      const port = await plainServer(accepted.resolve);
      const client = new TcpClient({ to: { host: '127.0.0.1', port }, codec });
      afterTest(() => client.stop({ drain: false }));
      await replay(recorded, await client.start(), await accepted.socket);
    });

    it('should be met by the agent in the same way', async () => {
      const codec = pack({ flag: recorded.serverFlag, maxSize: recorded.serverMax });
      const accepted = newSocket();
      const port = await plainServer(accepted.resolve);
      const agent = new TcpAgent({ codec });
      afterTest(() => agent.stop({ drain: false }));
      await agent.start();
      const connection = await agent.connect({ host: '127.0.0.1', port });
      await replay(recorded, connection, await accepted.socket);
    });
  });
});

/** Writes the recorded segments to a connection that echoes, and compares everything that was recorded. */
async function replay(recorded: Decoding, connection: Connection, peer: Socket): Promise<void> {
  const { serverEvents, peerSaw, segments, thenFin } = recorded;
  const bodies: Uint8Array[] = [];
  connection.receive$.subscribe({
    next: (body) => {
      bodies.push(body);
      connection.send(body);
    },
    error: () => undefined,
  });
  const closed = firstValueFrom(connection.close$);
  let back = Buffer.alloc(0);
  peer.on('data', (data) => (back = Buffer.concat([back, data])));
  const ended = once(peer, 'end');

  for (const segment of segments) {
    const before = connection.bytesIn;
    const bytes = bytesOf(segment);
    peer.write(bytes);
    await until(peer, () => connection.bytesIn >= before + bytes.length || connection.state !== 'open');
  }
  if (thenFin) peer.end();

  const received = serverEvents.filter(({ ev }) => ev === 'OnReceive');
  await until(peer, () => bodies.length >= received.length);
  const close = serverEvents.find(({ ev }) => ev === 'OnClose');
  if (close !== undefined) {
    if (!thenFin) {
      await ended;
      peer.end();
    }
    expect(await closed).toMatchObject(asRecorded(close));
  } else {
    await until(peer, () => back.length >= peerSaw.received);
    expect(connection.state).toBe('open');
  }
  expect(bodies.map(({ length }) => length)).toEqual(received.map(({ len }) => len));
  for (const [i, { hex: start = '' }] of received.entries())
    expect(Buffer.from(bodies[i]!).toString('hex')).toMatch(new RegExp(`^${start}`));
  // Whether the answer to what came before a fault still leaves was a race there; here it does.
  if (recorded.note === undefined) expect(back.length).toBe(peerSaw.received);
  if (recorded.note === undefined)
    expect(back.toString('hex')).toMatch(new RegExp(`^${peerSaw.receivedHex}`));
  if (peerSaw.receivedSha1 !== undefined) expect(sha1(back)).toBe(peerSaw.receivedSha1);
}

/** OnClose(operation, error) in the words of this library. */
function asRecorded({ op, err = 0 }: { op?: string; err?: number }): Partial<Closed> | object {
  if (err === 0) return { reason: 'peer', operation: 'close', error: undefined };
  expect(op).toBe('SO_RECEIVE');
  const error: unknown = expect.objectContaining({ code: CODES.get(err) });
  return { reason: 'protocol', operation: 'receive', error };
}

async function acceptedBy(options: { flag: number; maxSize: number }) {
  const server = new TcpServer({ host: '127.0.0.1', codec: pack(options) });
  afterTest(() => server.stop({ drain: false }));
  const { port } = (await server.start()) as { port: number };
  const accepted = firstValueFrom(server.accept$);
  const peer = await plainClient(port);
  return { connection: await accepted, peer };
}

function newSocket() {
  let resolve: (socket: Socket) => void = () => undefined;
  const socket = new Promise<Socket>((done) => (resolve = done));
  return { socket, resolve: (found: Socket) => resolve(found) };
}

/** Waits, from one round of the event loop to the next, until something has become true. */
async function until(peer: Socket, condition: () => boolean): Promise<void> {
  while (!condition()) {
    if (peer.destroyed) throw new NetworkError('ERR_CLOSED', 'the peer has gone');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function readBytes(socket: Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let missing = length;
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer);
    missing -= (chunk as Buffer).length;
    if (missing <= 0) break;
  }
  return Buffer.concat(chunks);
}

/** `0a00…`, or a beginning, `…` and the length to which zeros follow. */
function bytesOf(segment: string): Uint8Array {
  const [start = '', rest] = segment.split('…');
  if (rest === undefined) return hex(start);
  const length = Number(/\((\d+) bytes, rest 00\)/.exec(rest)?.[1]);
  return Buffer.concat([hex(start)], length);
}

function bodyOf({ bodyLength, bodyRule }: { bodyLength: number; bodyRule: string }): Uint8Array {
  const first = Number(/\((\d+)\+k\) & 255/.exec(bodyRule)?.[1]);
  return Uint8Array.from({ length: bodyLength }, (_, k) => (first + k) & 255);
}

function sha1(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex');
}
