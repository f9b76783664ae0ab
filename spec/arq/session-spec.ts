import { describe, expect, it } from '@jest/globals';
import { AckList } from '../../lib/arq/ack-list.ts';
import { type ArqOptions, arqSettings } from '../../lib/arq/arq-options.ts';
import { ArqSession } from '../../lib/arq/arq-session.ts';
import { ConversationIds } from '../../lib/arq/conversation-ids.ts';
import { arqDatagramKind } from '../../lib/arq/datagram-kind.ts';
import { handshakeBytes } from '../../lib/arq/handshake-packet.ts';
import { RoundTrip } from '../../lib/arq/round-trip.ts';
import { toText, utf8 } from '../../lib/bytes/bytes-like.ts';
import { datagramOf, segmentsOf } from './wire.ts';

describe('ArqSession', () => {
  it('should go from new to ready', () => {
    const { session, events } = side();
    expect(session).toMatchObject({ state: 'new', nextAt: Infinity, id: 7, peerId: 0 });
    session.start(100);
    expect(session).toMatchObject({ state: 'handshake', nextAt: 220 });
    session.input(handshakeBytes({ isComplete: true, from: 9, to: 7 }), 105);
    expect(session).toMatchObject({ state: 'ready', nextAt: Infinity, peerId: 9, isComplete: true });
    expect(events).toEqual(['ready']);
  });

  it('should send from within ready and message', () => {
    const { session, events, datagrams } = side({
      ready: () => session.send(utf8('hi'), 5),
      message: (bytes) => session.send(bytes, 6),
    });
    session.start(0);
    session.input(handshakeBytes({ isComplete: true, from: 9, to: 7 }), 5);
    session.input(fromPeer({ data: 'echo', una: 1 }), 6);
    expect(events).toEqual(['ready', 'echo']);
    expect(datagrams.slice(2).map(segmentsOf)).toMatchObject([
      [{ data: 'hi', conversation: 7 }],
      [{ command: 82 }, { data: 'echo' }],
    ]);
  });

  it('should put messages that are queued into one datagram', () => {
    const { session, datagrams } = ready();
    session.send(utf8('first'), 6);
    session.input(fromPeer({ command: 82, sn: 0, una: 1 }), 7);
    for (const text of ['a', 'b', 'c']) session.queue(utf8(text), 8);
    expect(datagrams).toHaveLength(3);
    session.flush(8);
    // The congestion window allows two.
    expect(segmentsOf(datagrams[3]!)).toMatchObject([{ data: 'a' }, { data: 'b' }]);
    session.input(fromPeer({ command: 82, sn: 1, una: 3 }), 9);
    expect(segmentsOf(datagrams[4]!)).toMatchObject([{ data: 'c' }]);
  });

  it('should send what is queued with the next update that is due', () => {
    const { session, datagrams } = ready();
    session.queue(utf8('a'), 8);
    expect(session.nextAt).toBe(60);
    session.update(60);
    expect(segmentsOf(datagrams.at(-1)!)).toMatchObject([{ data: 'a', ts: 60 }]);
  });

  it('should send what was queued when it became ready', () => {
    const { session, datagrams } = side({ ready: () => session.queue(utf8('hi'), 5) });
    session.start(0);
    session.input(handshakeBytes({ isComplete: true, from: 9, to: 7 }), 5);
    expect(datagrams.slice(2).map(segmentsOf)).toMatchObject([[{ data: 'hi' }]]);
  });

  it('should refuse to send before it is ready and after it is over', () => {
    const { session } = side();
    expect(() => session.send(utf8('a'), 0)).toThrow('ERR_NOT_OPEN');
    session.start(0);
    expect(() => session.send(utf8('a'), 0)).toThrow('ERR_NOT_OPEN');
    session.close();
    expect(() => session.send(utf8('a'), 0)).toThrow('ERR_CLOSED');
  });

  it('should ignore segments before it is ready', () => {
    const { session, events, datagrams } = side();
    session.start(0);
    session.input(fromPeer({ data: 'early' }), 1);
    expect(events).toEqual([]);
    expect(datagrams).toHaveLength(1);
  });

  const MEANINGLESS = [1, 11, 13, 15, 16, 17, 23];

  it.each(MEANINGLESS)('should drop %d bytes, which anybody can have sent', (length) => {
    const { session, events } = side();
    session.start(0);
    session.input(Buffer.alloc(length), 1);
    expect(events).toEqual([`dropped ${length}`]);
    expect(session.state).toBe('handshake');
  });

  it.each(MEANINGLESS)("should fail when it is given %d bytes with malformed: 'close'", (length) => {
    const { session, events } = side({}, { malformed: 'close' });
    session.start(0);
    session.input(Buffer.alloc(length), 1);
    expect(events).toEqual(['ERR_FRAME_DATA']);
    expect(session.state).toBe('over');
  });

  it('should drop a handshake packet that is none', () => {
    const { session, events } = ready();
    session.input(Buffer.alloc(12), 6);
    session.input(fromPeer({ data: 'a' }), 7);
    expect(events).toEqual(['ready', 'dropped 12', 'a']);
  });

  it.each(['drop', 'close'] as const)(
    'should drop segments of another conversation (malformed: %s)',
    (malformed) => {
      const { session, events, datagrams } = ready({}, { malformed });
      session.input(fromPeer({ data: 'late', conversation: 8 }), 6);
      session.input(fromPeer({ data: 'a' }), 7);
      expect(events).toEqual(['ready', 'dropped 28', 'a']);
      expect(datagrams).toHaveLength(3);
    },
  );

  it("should fail when fragments make no sense, whatever 'malformed' says, since nothing could follow", () => {
    const { session, events } = ready();
    session.input(fromPeer({ data: 'good' }, { sn: 1, fragment: 2, data: 'x' }, { sn: 2, fragment: 0 }), 10);
    expect(events).toEqual(['ready', 'good', 'ERR_FRAME_DATA']);
  });

  it('should deliver what came before such a fault even if it was paused', () => {
    const { session, events } = ready();
    session.pause();
    session.input(fromPeer({ data: 'good' }, { sn: 1, fragment: 2, data: 'x' }, { sn: 2, fragment: 0 }), 10);
    session.input(fromPeer({ sn: 3, data: 'late' }), 11);
    expect(events).toEqual(['ready']);
    session.resume(20);
    expect(events).toEqual(['ready', 'good', 'ERR_FRAME_DATA']);
  });

  it('should pass over heartbeats', () => {
    const { session, events } = side();
    session.start(0);
    session.input(Buffer.alloc(0), 1);
    expect(events).toEqual([]);
  });

  it('should deliver what came before a fault, and go on', () => {
    const { session, events } = ready();
    session.input(fromPeer({ data: 'good' }, { sn: 1, command: 99 }), 10);
    session.input(fromPeer({ sn: 1, data: 'late' }), 11);
    session.update(100);
    expect(events).toEqual(['ready', 'good', 'dropped 52', 'late']);
  });

  it("should deliver what came before a fault, and nothing afterwards with malformed: 'close'", () => {
    const { session, events } = ready({}, { malformed: 'close' });
    session.input(fromPeer({ data: 'good' }, { sn: 1, command: 99 }), 10);
    session.input(fromPeer({ sn: 1, data: 'late' }), 11);
    session.update(100);
    expect(events).toEqual(['ready', 'good', 'ERR_FRAME_DATA']);
  });

  it('should fail once when the peer has restarted', () => {
    const { session, events } = ready();
    session.input(handshakeBytes({ isComplete: false, from: 10, to: 0 }), 10);
    session.input(handshakeBytes({ isComplete: false, from: 11, to: 0 }), 10);
    expect(events).toEqual(['ready', 'ERR_PEER_RESTARTED']);
  });

  it('should fail when nobody answers, at the first flush after the timeout', () => {
    const { session, events } = side();
    session.start(0);
    session.update(5000);
    expect(events).toEqual([]);
    expect(session.nextAt).toBe(5040);
    session.update(5040);
    expect(events).toEqual(['ERR_TIMEOUT']);
  });

  it('should not fail when data come, but nobody says that the handshake is complete', () => {
    const { session, events } = side();
    session.start(0);
    session.input(handshakeBytes({ isComplete: false, from: 9, to: 7 }), 5);
    session.input(fromPeer({ data: 'a' }), 6);
    session.update(5040);
    expect(events).toEqual(['ready', 'a']);
    expect(session).toMatchObject({ state: 'ready', isComplete: true, nextAt: Infinity });
  });

  it('should stop in the midst of what it delivers when it is closed', () => {
    const { session, events } = ready({ message: () => session.close() });
    session.input(fromPeer({ data: 'a' }, { sn: 1, data: 'b' }), 10);
    expect(events).toEqual(['ready', 'a']);
  });

  it('should stop in the midst of what it delivers when it is paused', () => {
    const { session, events } = ready({ message: () => session.pause() });
    session.input(fromPeer({ data: 'a' }, { sn: 1, data: 'b' }), 10);
    expect(events).toEqual(['ready', 'a']);
    session.resume(20);
    expect(events).toEqual(['ready', 'a', 'b']);
  });

  it('should put the time of the last flush on the wire, however late it is called', () => {
    const { session, datagrams } = ready();
    session.send(utf8('a'), 3599.9);
    expect(segmentsOf(datagrams.at(-1)!)).toMatchObject([{ ts: 3540 }]);
    session.update(4000);
    expect(segmentsOf(datagrams.at(-1)!)).toMatchObject([{ ts: 3960, data: 'a' }]);
  });

  it('should do nothing before it is started', () => {
    const { session, datagrams } = side();
    session.input(handshakeBytes({ isComplete: true, from: 9, to: 7 }), 5);
    session.update(5);
    session.resume(5);
    expect(datagrams).toEqual([]);
    session.start(5);
    session.start(6);
    expect(datagrams).toHaveLength(1);
  });
});

describe('arqDatagramKind', () => {
  it.each([
    [0, 'heartbeat'],
    [1, 'unknown'],
    [11, 'unknown'],
    [12, 'handshake'],
    [13, 'unknown'],
    [16, 'closeNotice'],
    [23, 'unknown'],
    [24, 'segments'],
    [1432, 'segments'],
  ])('should take %d bytes for %s', (length, kind) => {
    expect(arqDatagramKind(length)).toBe(kind);
  });
});

describe('ConversationIds', () => {
  it('should count, and leave out 0', () => {
    const ids = new ConversationIds(2 ** 32 - 2);
    expect([ids.next(), ids.next(), ids.next(), ids.next()]).toEqual([2 ** 32 - 2, 2 ** 32 - 1, 1, 2]);
    expect(new ConversationIds(0).next()).toBe(1);
    expect(new ConversationIds(1.7e12).next()).toBe(1.7e12 % 2 ** 32);
  });
});

describe('RoundTrip', () => {
  it('should take nothing that was measured for the first, however short it was', () => {
    const roundTrip = new RoundTrip(1, 10);
    const timeouts = [1, 0, 80].map((time) => {
      roundTrip.measured(time);
      return roundTrip.timeout;
    });
    expect(timeouts).toEqual([11, 11, 10 + 4 * 19]);
  });

  it('should stay within a minute', () => {
    const roundTrip = new RoundTrip(30, 60);
    roundTrip.measured(2 ** 31 - 1);
    roundTrip.measured(2 ** 31 - 1);
    expect(roundTrip.timeout).toBe(60_000);
  });
});

describe('AckList', () => {
  it('should keep what there is place for, and refuse the rest', () => {
    const list = new AckList();
    for (let sn = 0; sn < 4096; sn++) list.add(sn, sn + 1);
    expect(list.count).toBe(4096);
    expect(list.add(1, 1)).toBe(false);
    expect([list.sn(4095), list.ts(4095)]).toEqual([4095, 4096]);
    list.clear();
    expect(list.count).toBe(0);
    expect(list.add(1, 1)).toBe(true);
  });
});

interface Reactions {
  ready?: () => void;
  message?: (bytes: Uint8Array) => void;
}

/** Segments in the conversation of the peer. */
function fromPeer(...segments: Parameters<typeof datagramOf>): Buffer {
  return datagramOf(...segments.map((segment) => ({ conversation: 9, ...segment })));
}

function side(reactions: Reactions = {}, options: ArqOptions = {}) {
  const events: string[] = [];
  const datagrams: Buffer[] = [];
  const session = new ArqSession(7, arqSettings(options), {
    datagram: (bytes) => void datagrams.push(Buffer.from(bytes)),
    ready: () => {
      events.push('ready');
      reactions.ready?.();
    },
    message: (bytes) => {
      events.push(toText(bytes));
      reactions.message?.(bytes);
    },
    dropped: ({ length }) => void events.push(`dropped ${length}`),
    failed: (error) => void events.push(error.code),
  });
  return { session, events, datagrams };
}

function ready(reactions: Reactions = {}, options: ArqOptions = {}) {
  const made = side(reactions, options);
  made.session.start(0);
  made.session.input(handshakeBytes({ isComplete: true, from: 9, to: 7 }), 5);
  return made;
}
