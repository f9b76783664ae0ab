import { describe, expect, it } from '@jest/globals';
import { arqSettings, type ArqOptions } from '../../lib/arq/arq-options.ts';
import { Handshake } from '../../lib/arq/handshake.ts';
import { handshakeBytes, readHandshake, type HandshakePacket } from '../../lib/arq/handshake-packet.ts';
import { hex } from '../../lib/bytes/bytes-like.ts';

const OUR_ID = 100;
const PEER_ID = 200;

describe('Handshake', () => {
  it('should begin with its own id', () => {
    expect(begun().sent).toEqual([{ at: 0, isComplete: false, from: OUR_ID, to: 0 }]);
  });

  it('should answer at once to an id that it did not know', () => {
    const side = begun();
    expect(side.hear({ to: 0 }, 5)).toBe(false);
    expect(side.sent.at(-1)).toEqual({ at: 5, isComplete: false, from: OUR_ID, to: PEER_ID });
    expect(side.handshake).toMatchObject({ peerId: PEER_ID, isReady: false });
  });

  it('should be ready when the peer says its id, and complete when the peer says it is, too', () => {
    const side = begun();
    side.hear({ to: 0 }, 5);
    expect(side.hear({ to: OUR_ID }, 6)).toBe(true);
    expect(side.handshake).toMatchObject({ isReady: true, isComplete: false });
    expect(side.hear({ to: OUR_ID }, 7)).toBe(false);
    expect(side.sent).toHaveLength(2);
    side.hear({ to: OUR_ID, isComplete: true }, 8);
    expect(side.handshake).toMatchObject({ isComplete: true, nextAt: Infinity });
    expect(side.sent).toHaveLength(2);
  });

  it('should say that it is ready in the first answer, if the peer knew it already', () => {
    const side = begun();
    expect(side.hear({ to: OUR_ID, isComplete: true }, 5)).toBe(true);
    expect(side.sent.at(-1)).toEqual({ at: 5, isComplete: true, from: OUR_ID, to: PEER_ID });
    expect(side.handshake.isComplete).toBe(true);
  });

  it('should not take what is said to somebody else for itself', () => {
    const side = begun();
    expect(side.hear({ to: OUR_ID + 1, isComplete: true }, 5)).toBe(false);
    expect(side.handshake).toMatchObject({ peerId: PEER_ID, isReady: false, isComplete: false });
  });

  it.each([
    { flushInterval: 60, at: [0, 120, 360, 720, 1200, 1800, 2520, 3360, 4320] },
    { flushInterval: 10, at: [0, 20, 60, 120, 200, 300, 420, 560, 720, 900] },
    { flushInterval: 500, at: [0, 1000, 3000] },
    // 3400 is no time of a flush.
    { flushInterval: 700, at: [0, 1400, 3500] },
    { flushInterval: 2000, at: [0, 2000, 4000] },
  ])('should repeat itself less and less often (interval $flushInterval)', ({ flushInterval, at }) => {
    const side = begun({ flushInterval });
    side.until(4990, flushInterval);
    const expected = side.sent.slice(0, at.length).map((packet) => packet.at);
    expect(expected).toEqual(at);
  });

  it('should never wait longer than two seconds', () => {
    const side = begun({ handshakeTimeout: 100_000 });
    side.until(90_000, 60);
    const gaps = side.sent
      .slice(-5)
      .map((packet, place, all) => packet.at - (all[place - 1]?.at ?? packet.at));
    // The first flush at or after 2000 ms.
    expect(gaps.slice(1)).toEqual([2040, 2040, 2040, 2040]);
  });

  it('should begin again with short pauses when it has learnt an id', () => {
    const side = begun();
    side.until(1190, 60);
    side.hear({ to: 0 }, 1190);
    side.until(1600, 60);
    expect(side.sent.map(({ at }) => at)).toEqual([0, 120, 360, 720, 1190, 1320, 1560]);
  });

  it('should remind a peer that missed that it is ready, but not every time', () => {
    const side = begun();
    side.hear({ to: OUR_ID, isComplete: true }, 5);
    side.until(1000, 60);
    expect(side.sent).toHaveLength(2);
    side.hear({ to: OUR_ID, isComplete: true }, 1000);
    side.hear({ to: OUR_ID, isComplete: true }, 1001);
    expect(side.sent.slice(2)).toEqual([{ at: 1000, isComplete: true, from: OUR_ID, to: PEER_ID }]);
  });

  it('should give up in time', () => {
    const side = begun({ handshakeTimeout: 1000 });
    side.until(999, 60);
    expect(side.handshake.nextAt).toBe(1000);
    expect(() => side.handshake.update(1020)).toThrow(
      expect.objectContaining({
        code: 'ERR_TIMEOUT',
        message: expect.stringContaining('1000 ms (option arq.handshakeTimeout)') as unknown,
      }),
    );
  });

  it('should give up on a peer that does not become ready', () => {
    const side = begun({ handshakeTimeout: 1000 });
    side.hear({ to: OUR_ID }, 5);
    expect(() => side.handshake.update(1000)).toThrow('ERR_TIMEOUT');
  });

  it('should be content with data when the peer does not say that it is ready', () => {
    const side = begun({ handshakeTimeout: 1000 });
    side.hear({ to: OUR_ID }, 5);
    side.handshake.heardData();
    side.handshake.update(1000);
    expect(side.handshake).toMatchObject({ isComplete: true, nextAt: Infinity });
  });

  it('should follow a peer that began anew before anything was agreed', () => {
    const side = begun();
    side.hear({ to: 0 }, 5);
    side.hear({ from: 300, to: 0 }, 6);
    expect(side.sent.at(-1)).toMatchObject({ to: 300 });
    expect(side.hear({ from: 300, to: OUR_ID }, 7)).toBe(true);
  });

  it.each([
    { what: 'has another id', from: 300, to: OUR_ID, now: 10 },
    { what: 'speaks to another', from: PEER_ID, to: 101, now: 10 },
    { what: 'knows nobody, late', from: PEER_ID, to: 0, now: 10_001 },
  ])('should notice a peer that $what', ({ from, to, now }) => {
    const side = begun();
    side.hear({ to: OUR_ID, isComplete: true }, 5);
    expect(() => side.hear({ from, to }, now)).toThrow('ERR_PEER_RESTARTED');
  });

  it('should pass over a packet from before the peer knew us', () => {
    const side = begun();
    side.hear({ to: OUR_ID, isComplete: true }, 5);
    side.hear({ to: 0 }, 10_000);
    expect(side.handshake.isComplete).toBe(true);
  });

  it.each([
    { what: 'magic', bytes: '4ebb0100d415f80300000000' },
    { what: 'magic', bytes: '4fba0100d415f80300000000' },
    { what: 'command', bytes: '4fbb0200d415f80300000000' },
    { what: 'flags', bytes: '4fbb0102d415f80300000000' },
    { what: 'id 0', bytes: '4fbb01000000000000000000' },
  ])('should refuse a packet with a wrong $what', ({ what, bytes }) => {
    const side = begun();
    expect(() => side.handshake.input(hex(bytes), 5)).toThrow(
      expect.objectContaining({
        code: 'ERR_FRAME_DATA',
        message: expect.stringContaining(what) as unknown,
      }),
    );
  });
});

/** A handshake that has begun at 0, and what it has sent. */
function begun(options: ArqOptions = {}) {
  const sent: (HandshakePacket & { at: number })[] = [];
  let clock = 0;
  const handshake = new Handshake(OUR_ID, arqSettings(options), (bytes) => {
    sent.push({ at: clock, ...readHandshake(bytes) });
  });
  handshake.start(0);
  return {
    handshake,
    sent,
    hear: (packet: Partial<HandshakePacket>, now: number) => {
      clock = now;
      return handshake.input(handshakeBytes({ isComplete: false, from: PEER_ID, to: 0, ...packet }), now);
    },
    /** Updates at every flush up to a time. */
    until: (end: number, interval: number) => {
      for (clock = Math.ceil(clock / interval) * interval; clock <= end; clock += interval) {
        handshake.update(clock);
      }
    },
  };
}
