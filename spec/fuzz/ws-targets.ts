import { hex } from '../../lib/bytes/bytes-like.ts';
import type { Decoder } from '../../lib/codec/codec.ts';
import { Batch } from '../../lib/framing/batch.ts';
import type { Random } from '../../lib/testing/random.ts';
import { deflateSettings } from '../../lib/websocket/deflate/deflate-options.ts';
import { Deflater } from '../../lib/websocket/deflate/deflater.ts';
import { Inflater } from '../../lib/websocket/deflate/inflater.ts';
import { perMessageDeflate } from '../../lib/websocket/deflate/permessage-deflate.ts';
import { WsFrameDecoder } from '../../lib/websocket/frame-decoder.ts';
import type { WsFrameEvent } from '../../lib/websocket/frame-event.ts';
import { FrameJoiner } from '../../lib/websocket/frame-joiner.ts';
import type { WsMessage } from '../../lib/websocket/message.ts';
import { WsMessageDecoder } from '../../lib/websocket/message-decoder.ts';
import type { WsRole } from '../../lib/websocket/opcode.ts';
import { sessionSettings } from '../../lib/websocket/options.ts';
import { WsSession } from '../../lib/websocket/session.ts';
import type { WsClosed, WsOwner } from '../../lib/websocket/session-owner.ts';
import { WS_ERROR_CODES, WsError } from '../../lib/websocket/ws-error.ts';
import { masked, plain } from '../websocket/wire.ts';
import type { FuzzTarget } from './target.ts';

/** Longest message here: long enough for a length of 16 bits. */
const MAX = 150;
/** Fragments may be many, and all their bytes count. */
const MOST = 1024;

const ALONE = { windowBits: 9, noContextTakeover: true };

const WORDS = [
  'fe 00 7e',
  'fe 00 7d',
  'ff 00 00 00 00 00 00 00 7f',
  '7e 00 96',
  '7e 00 97',
  'e2 82',
  '03 e8',
  '03 ed',
].map(hex);

/** Frames, messages and sessions of WebSocket. */
export const WS_TARGETS: readonly FuzzTarget[] = [
  target(
    'websocket frames',
    'server',
    () => new FramesDecoder(new WsFrameDecoder('server', { maxFrameSize: MAX })),
  ),
  target('websocket frames, only masks', 'server', () => {
    return new FramesDecoder(new WsFrameDecoder('server', { maxFrameSize: MAX, rules: 'mask' }));
  }),
  target(
    'websocket messages of clients',
    'server',
    () => new WsMessageDecoder('server', { maxMessageSize: MAX }),
  ),
  target(
    'websocket messages of servers',
    'client',
    () => new WsMessageDecoder('client', { maxMessageSize: MAX }),
  ),
  target('websocket messages, compressed', 'client', () => {
    return new WsMessageDecoder('client', { maxMessageSize: MAX }, new Inflater(ALONE));
  }),
  target('websocket frames joined', 'client', () => new JoiningDecoder()),
  target('websocket sessions of servers', 'server', () => new SessionDecoder('server')),
  target('websocket sessions of clients', 'client', () => new SessionDecoder('client')),
];

function target(name: string, role: WsRole, decoder: () => Decoder<Uint8Array, unknown>): FuzzTarget {
  const make = role === 'server' ? masked : plain;
  return {
    name,
    decoder,
    frame: (random) => message(make, random),
    most: MOST,
    words: [...WORDS, ...[0x81, 0x82, 0x01, 0x00, 0x80, 0x88, 0x89, 0x8a, 0xc1].map((first) => make(first))],
    refusals: { kind: WsError, codes: Object.keys(WS_ERROR_CODES) },
  };
}

/** A message of one kind, valid more often than not; sometimes in fragments. */
function message(make: (first: number, body?: Uint8Array) => Uint8Array, random: Random): Uint8Array {
  const key = [
    () => make(0x82, random.bytes(random.pick([0, 1, 5, 125, 126, MAX, MAX + 1]))),
    () => make(0x81, text(random)),
    () => fragments(make, random, 0x01, text(random)),
    () => fragments(make, random, 0x02, random.bytes(random.below(40))),
    () => make(random.pick([0x89, 0x8a]), random.bytes(random.pick([0, 3, 125]))),
    () =>
      make(
        0x88,
        random.pick([hex(''), hex('03 e8'), hex('03 e9 c3 a9'), hex('13 87'), hex('03'), hex('03 ec')]),
      ),
    () => make(0xc1, deflated(random)),
    () => fragments(make, random, 0x41, deflated(random)),
  ];
  return random.pick(random.below(3) > 0 ? key.slice(0, 4) : key)();
}

function text(random: Random): Uint8Array {
  return Buffer.from(random.pick(['a', 'é', '€', '😀', 'some words ']).repeat(random.below(12)));
}

function deflated(random: Random): Uint8Array {
  const deflater = new Deflater({ ...ALONE, threshold: 1, level: 1, memLevel: 1 });
  return deflater.deflate(Buffer.from('again and '.repeat(random.between(2, 16)))) ?? hex('00');
}

function fragments(
  make: (first: number, body?: Uint8Array) => Uint8Array,
  random: Random,
  first: number,
  body: Uint8Array,
): Uint8Array {
  const frames: Uint8Array[] = [];
  let at = 0;
  let start = first;
  for (let count = random.below(4); count > 0; count--) {
    const end = Math.min(body.length, at + random.below(8));
    frames.push(make(start, body.subarray(at, end)));
    if (random.below(4) === 0) frames.push(make(0x89));
    at = end;
    start = 0x00;
  }
  frames.push(make(start | 0x80, body.subarray(at)));
  return Buffer.concat(frames);
}

/** Events of frames, the pieces of each body put together: how many there are depends on the cuts. */
class FramesDecoder implements Decoder<Uint8Array, unknown> {
  private readonly decoder: WsFrameDecoder;
  private body = '';

  constructor(decoder: WsFrameDecoder) {
    this.decoder = decoder;
  }

  get residue(): number {
    return this.decoder.residue;
  }

  push(chunk: Uint8Array, emit: (event: unknown) => void): void {
    this.decoder.push(chunk, (event) => {
      if (event.type === 'body') this.body += Buffer.from(event.data).toString('hex');
      else if (event.type === 'header') emit(event);
      else {
        emit(this.body);
        this.body = '';
      }
    });
  }

  end(): void {
    this.decoder.end();
  }
}

class JoiningDecoder implements Decoder<Uint8Array, unknown> {
  private readonly frames = new WsFrameDecoder('client', { maxFrameSize: MAX });
  private emit: (event: unknown) => void = () => undefined;
  private readonly joiner = new FrameJoiner('client', MAX, undefined, (event) => this.emit(event));

  get residue(): number {
    return this.frames.residue;
  }

  push(chunk: Uint8Array, emit: (event: unknown) => void): void {
    this.emit = emit;
    this.frames.push(chunk, (event: WsFrameEvent) => this.joiner.push(event));
  }

  end(): void {
    this.frames.end();
    this.joiner.end();
  }
}

/** What the owner of a session is told, and whether the peer is told the right code. */
class SessionDecoder implements Decoder<Uint8Array, unknown> {
  private readonly owner = new EchoOwner();
  private readonly session: WsSession;

  constructor(role: WsRole) {
    const agreement = {
      serverNoContextTakeover: false,
      clientNoContextTakeover: false,
      serverMaxWindowBits: 9,
      clientMaxWindowBits: 9,
    };
    this.session = new WsSession({
      role,
      settings: sessionSettings({ maxMessageSize: MAX }),
      owner: this.owner,
      now: 0,
      deflate: perMessageDeflate(role, agreement, deflateSettings()),
    });
    this.owner.session = this.session;
  }

  get residue(): number {
    return this.session.residue;
  }

  push(chunk: Uint8Array, emit: (event: unknown) => void): void {
    this.owner.emit = emit;
    this.session.receive(chunk, 1);
  }

  end(): void {
    this.session.receiveEnd(2);
    const closed = this.owner.how;
    if (closed === undefined) throw new Error('it did not end');
    const { error, sent, clean } = closed;
    if (error === undefined) return;
    const expected = error instanceof WsError && error.reason !== 'truncated' ? error.closeCode : undefined;
    if (clean || sent !== expected)
      throw new Error(`the peer was told ${sent}, not ${expected}: ${error.message}`);
    throw error;
  }
}

class EchoOwner implements WsOwner {
  readonly output = new Batch();
  readonly isBehind = false;
  session: WsSession | undefined = undefined;
  how: WsClosed | undefined = undefined;
  emit: (event: unknown) => void = () => undefined;

  written(): void {}

  message(received: WsMessage): void {
    this.emit(received);
    if (this.session?.state === 'open') this.session.send(received);
    this.output.take();
  }

  ping(data: Buffer): void {
    this.emit(data);
  }

  pong(data: Buffer): void {
    this.emit(data);
  }

  closing(code: number, reason: string): void {
    this.emit([code, reason]);
  }

  end(): void {}

  destroy(): void {}

  closed(how: WsClosed): void {
    this.how = how;
  }
}
