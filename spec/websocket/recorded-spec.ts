import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { hex } from '../../lib/bytes/bytes-like.ts';
import { WsFrameDecoder } from '../../lib/websocket/frame-decoder.ts';
import { WsFrameEncoder, type WsFrameInit } from '../../lib/websocket/frame-encoder.ts';
import type { WsFrameEvent } from '../../lib/websocket/frame-event.ts';
import { WsMessageDecoder } from '../../lib/websocket/message-decoder.ts';
import type { WsRole } from '../../lib/websocket/opcode.ts';
import type { WsError } from '../../lib/websocket/ws-error.ts';

interface Event {
  readonly ev: string;
  readonly len?: number;
  readonly op?: number | string;
  readonly fin?: number;
  readonly rsv?: number;
  readonly mask?: string;
  readonly hex?: string;
  readonly err?: number;
}

interface Recording {
  readonly clientFrames: { call: string; mask?: string; len: number; wireHex: string; sha1: string }[];
  readonly serverReaction: { name: string; sent: string[]; events: Event[] }[];
  readonly clientReaction: { name: string; serverSent: string[]; events: Event[] }[];
}

const recording = JSON.parse(
  readFileSync(new URL('../vectors/hp-socket/websocket.json', import.meta.url), 'utf8'),
) as Recording;

const MASK = hex('11 22 33 44');
/** What the application did for the calls that were recorded; their content is the letter a, or a few words. */
const FRAMES: Record<string, WsFrameInit> = {
  'ws-text': { opcode: 1, data: 'hello' },
  'ws-bin-rsv5': { opcode: 2, rsv: 5, data: 'hello' },
  'ws-empty': { opcode: 1 },
  ...Object.fromEntries(
    [125, 126, 200, 65535, 65536].map((length) => [
      `ws-len-${length}`,
      { opcode: 2, data: Buffer.alloc(length, 'a') },
    ]),
  ),
  'ws-part-first(len=3,bodyLen=8)': { opcode: 1, data: 'abc', length: 8 },
  'ws-frag1': { opcode: 1, fin: false, data: 'AB' },
  'ws-frag2': { opcode: 0, data: 'CD' },
  'ws-ping': { opcode: 9, data: 'hello' },
  'ws-close': { opcode: 8, data: hex('03 e8') },
};

describe('frames as recorded from HP-Socket', () => {
  it.each(recording.clientFrames.filter(({ call }) => call in FRAMES))('should be sent: $call', (sent) => {
    const pieces: Uint8Array[] = [];
    const encoder = new WsFrameEncoder('client');
    encoder.push({ ...FRAMES[sent.call]!, mask: MASK }, (piece) => pieces.push(Buffer.from(piece)));
    const wire = Buffer.concat(pieces);
    expect(wire.toString('hex')).toMatch(new RegExp(`^${sent.wireHex.replace('…', '')}`));
    expect([wire.length, createHash('sha1').update(wire).digest('hex')]).toEqual([sent.len, sent.sha1]);
  });

  it('should all be known', () => {
    const others = recording.clientFrames.map(({ call }) => call).filter((call) => !(call in FRAMES));
    expect(others).toEqual(['SendGet(/ws) with the upgrade headers', 'ws-part-rest-by-Send']);
  });

  const reactions: [string, WsRole, string[], Event[]][] = [
    ...recording.serverReaction.map(({ name, sent, events }) => [name, 'server', sent, events] as never),
    ...recording.clientReaction.map(
      ({ name, serverSent, events }) => [name, 'client', serverSent, events] as never,
    ),
  ];
  const whole = reactions.filter(([, , sent]) => sent.every((segment) => !segment.includes('…')));

  it.each(whole)(
    'should be taken as the original does with only the mask looked at: %s',
    (name, role, sent, events) => {
      const decoder = new WsFrameDecoder(role, { rules: 'mask' });
      const seen: Event[] = [];
      let fault: WsError | undefined;
      try {
        for (const segment of sent) decoder.push(hex(segment), (event) => seen.push(asRecorded(event)));
      } catch (error) {
        fault = error as WsError;
      }
      const told = events.filter(({ ev }) => ev.startsWith('OnWS')).map(withoutExtras);
      // There is always a limit, and no number for so long a frame.
      if (name.includes('2^63')) expect(fault?.reason).toBe('frame-length');
      else expect(seen).toEqual(told);
      if (events.some(({ err }) => err === 74)) expect(fault?.code).toBe('ERR_WS_MASK');
    },
  );

  it.each([
    ['binary with rsv bits 5', 'ERR_WS_RESERVED_BITS'],
    ['not masked (client frames must be masked)', 'ERR_WS_MASK'],
    ['continuation without a start', 'ERR_WS_FRAGMENT'],
    ['reserved opcode 3', 'ERR_WS_OPCODE'],
    ['reserved opcode 11', 'ERR_WS_OPCODE'],
    ['ping of 126 bytes (too long for a control frame)', 'ERR_WS_CONTROL'],
    ['fragmented ping (fin=0)', 'ERR_WS_CONTROL'],
    ['close with one byte', 'ERR_WS_CLOSE'],
    ['length 5 in 16-bit form (not minimal)', 'ERR_WS_LENGTH'],
    ['length 5 in 64-bit form (not minimal)', 'ERR_WS_LENGTH'],
    ['length with the top bit set (2^63)', 'ERR_WS_LENGTH'],
    ['invalid UTF-8 in text', 'ERR_WS_UTF8'],
  ])('should be refused as a message: %s', (wanted, code) => {
    const { sent } = recording.serverReaction.find(({ name }) => name === wanted)!;
    const decoder = new WsMessageDecoder('server');
    const push = () => sent.forEach((segment) => decoder.push(hex(segment), () => undefined));
    expect(push).toThrow(expect.objectContaining({ code }));
  });
});

/** An event as it is in the recording; long bodies begin with what is there. */
function asRecorded(event: WsFrameEvent): Event {
  switch (event.type) {
    case 'header': {
      const { length, opcode, fin, rsv, mask } = event;
      const base = { ev: 'OnWSMessageHeader', len: length, op: opcode, fin: Number(fin), rsv };
      return mask === undefined ? base : { ...base, mask: Buffer.from(mask).toString('hex') };
    }
    case 'body':
      return {
        ev: 'OnWSMessageBody',
        len: event.data.length,
        hex: Buffer.from(event.data)
          .toString('hex')
          .slice(0, event.data.length > 100 ? 16 : undefined),
      };
    default:
      return { ev: 'OnWSMessageComplete' };
  }
}

/** Without what only the recordings of clients have, and says the same as the mask. */
function withoutExtras(event: Event): Event {
  return Object.fromEntries(Object.entries(event).filter(([name]) => name !== 'masked')) as unknown as Event;
}
