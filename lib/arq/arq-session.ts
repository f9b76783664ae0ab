import { NetworkError, ProtocolError } from '../base/errors.ts';
import type { ArqSettings } from './arq-options.ts';
import type { ArqOwner, ArqState } from './arq-owner.ts';
import { arqDatagramKind } from './datagram-kind.ts';
import { Handshake } from './handshake.ts';
import { Kcp } from './kcp.ts';
import { readUint32 } from './segment.ts';

/**
 * One side of reliable UDP with one peer, byte for byte that of HP-Socket: first the handshake, then KCP. Sans-IO:
 * datagrams and messages go in and come out, and all times are given as milliseconds of a clock that does not go
 * backwards (`performance.now()`).
 *
 * As the original it looks at what is to be repeated once in a flush interval, counted from the start, and puts the
 * time of the last such moment on the wire. Unlike the original it needs no timer while there is nothing to repeat,
 * and it takes no segments of another conversation than the one that the peer named in the handshake: those that are
 * late from a session before, or somebody else's.
 *
 * What can be wrong with a peer is told by `failed`: `ERR_TIMEOUT` (no handshake in time), `ERR_PEER_RESTARTED`,
 * `ERR_FRAME_LENGTH` (a message longer than `maxMessageSize`), and with option `malformed: 'close'` `ERR_FRAME_DATA` (a
 * datagram that nobody can read). That a peer has gone silent later is not noticed here; that is what heartbeats are for.
 *
 * @example
 * const session = new ArqSession(ids.next(), arqSettings(), {
 *   datagram: (bytes) => socket.send(bytes.slice()),
 *   ready: () => session.send(utf8('hello'), performance.now()),
 *   message: (bytes) => console.log(toText(bytes)),
 *   failed: (error) => socket.close(),
 * });
 * session.start(performance.now());
 * socket.on('message', (datagram) => session.input(datagram, performance.now()));
 * // after every call: a timer that calls session.update(performance.now()) at session.nextAt
 */
export class ArqSession {
  /** Segments and their state: what waits, how long a round trip takes. */
  readonly kcp: Kcp;
  private readonly owner: ArqOwner;
  private readonly settings: ArqSettings;
  private readonly handshake: Handshake;
  private current: ArqState = 'new';
  private begun = 0;
  private paused = false;

  /** @param id Different for each session, see `ConversationIds`; 1 to 2^32 - 1. */
  constructor(id: number, settings: ArqSettings, owner: ArqOwner) {
    const emit = (datagram: Uint8Array) => owner.datagram(datagram);
    this.owner = owner;
    this.settings = settings;
    this.handshake = new Handshake(id, settings, emit);
    this.kcp = new Kcp(id, settings, emit);
  }

  get state(): ArqState {
    return this.current;
  }

  /** Our id, which is the number of our conversation. */
  get id(): number {
    return this.handshake.id;
  }

  /** The peer's id; 0 as long as it is unknown. */
  get peerId(): number {
    return this.handshake.peerId;
  }

  /** Whether the peer has said that it is ready, too. */
  get isComplete(): boolean {
    return this.handshake.isComplete;
  }

  /** When `update` has to be called at the latest; `Infinity`: not before the next call of something else. */
  get nextAt(): number {
    if (this.current === 'new' || this.current === 'over') return Infinity;
    const handshake = this.tickFrom(this.handshake.nextAt);
    return this.current === 'ready' ? Math.min(handshake, this.kcp.nextAt) : handshake;
  }

  /** Begins with the handshake. */
  start(now: number): void {
    if (this.current !== 'new') return;
    this.current = 'handshake';
    this.begun = Math.floor(now);
    this.handshake.start(this.begun);
  }

  /**
   * Sends a message, at once if the window allows. It is copied.
   *
   * @throws ProtocolError `ERR_FRAME_LENGTH` when it is empty or longer than `maxMessageSize`; nothing happens then.
   * @throws NetworkError `ERR_NOT_OPEN` before the session is ready, `ERR_CLOSED` when it is over.
   */
  send(message: Uint8Array, now: number): void {
    this.queue(message, now);
    this.kcp.flush();
  }

  /**
   * As `send`, but the message waits for `flush`, or the next update that is due: several small ones then share a
   * datagram.
   *
   * @throws As `send`.
   */
  queue(message: Uint8Array, now: number): void {
    this.update(now);
    if (this.isOver()) throw cannotSend('ERR_CLOSED', 'the session is over');
    if (!this.isReady()) throw cannotSend('ERR_NOT_OPEN', 'the handshake is under way');
    this.kcp.send(message);
  }

  /** Sends what was queued, as far as the window allows. */
  flush(now: number): void {
    this.update(now);
    if (this.isReady()) this.kcp.flush();
  }

  /**
   * Takes a datagram of the peer, which must not be changed any more: messages are views of it. Heartbeats and close
   * notices (see `arqDatagramKind`) are the caller's; of them, an empty datagram is passed over.
   */
  input(datagram: Uint8Array, now: number): void {
    if (this.current === 'new') return;
    this.update(now);
    if (!this.isOver()) this.inputAs(datagram, Math.floor(now));
  }

  /** Does what it is time for. May be called at any time. */
  update(now: number): void {
    if (this.current === 'new' || this.current === 'over') return;
    const tick = this.tickBefore(now);
    try {
      this.handshake.update(tick);
      if (this.current === 'ready') this.kcp.update(tick);
    } catch (fault) {
      this.fail(fault);
    }
  }

  /** Delivers no more messages; those that come wait, and the peer is told that there is less room. */
  pause(): void {
    this.paused = true;
  }

  /** Delivers what has waited, and everything that comes. */
  resume(now: number): void {
    this.paused = false;
    this.update(now);
    this.deliver();
    this.flush(now);
  }

  /** Ends the session; nothing comes any more. */
  close(): void {
    this.current = 'over';
  }

  private inputAs(datagram: Uint8Array, now: number): void {
    const { length } = datagram;
    switch (arqDatagramKind(length)) {
      case 'heartbeat':
        return;
      case 'handshake':
        this.inputHandshake(datagram, now);
        return;
      case 'segments':
        // The peer can be ready before we are.
        if (this.isReady()) this.inputSegments(datagram);
        return;
      default:
        this.failOf(faulty(`a datagram of ${length} bytes, which means nothing`), datagram);
    }
  }

  private inputHandshake(packet: Uint8Array, now: number): void {
    let isReady: boolean;
    try {
      isReady = this.handshake.input(packet, now);
    } catch (fault) {
      this.failOf(fault, packet);
      return;
    }
    if (!isReady || this.isOver()) return;
    this.current = 'ready';
    this.kcp.update(this.tickBefore(now));
    this.owner.ready();
    if (this.isReady()) this.kcp.flush();
  }

  private inputSegments(datagram: Uint8Array): void {
    if (readUint32(datagram, 0) !== this.peerId) {
      this.owner.dropped?.(datagram);
      return;
    }
    this.handshake.heardData();
    let fault: unknown;
    try {
      this.kcp.input(datagram);
    } catch (thrown) {
      fault = thrown;
    }
    this.deliver();
    // What came before the fault has its turn first; the next message that is not there will tell of it.
    const isLater = this.paused && this.kcp.isBroken;
    if (fault !== undefined && !isLater) this.failOf(fault, datagram);
    if (this.isReady()) this.kcp.flush();
  }

  private deliver(): void {
    while (!this.paused && this.isReady()) {
      let message: Uint8Array | undefined;
      try {
        message = this.kcp.receive();
      } catch (fault) {
        this.fail(fault);
      }
      if (message === undefined) return;
      this.owner.message(message);
    }
  }

  /** Both are asked anew after everything that may have ended the session. */
  private isReady(): boolean {
    return this.current === 'ready';
  }

  private isOver(): boolean {
    return this.current === 'over';
  }

  /** A datagram is not as it should be: that is the end, unless it may come from somebody else. */
  private failOf(fault: unknown, datagram: Uint8Array): void {
    const isMalformed = fault instanceof ProtocolError && fault.code === 'ERR_FRAME_DATA';
    const isDropped = isMalformed && this.settings.malformed === 'drop' && !this.kcp.isBroken;
    if (isDropped) this.owner.dropped?.(datagram);
    else this.fail(fault);
  }

  private fail(fault: unknown): void {
    if (!(fault instanceof NetworkError)) throw fault;
    if (this.isOver()) return;
    this.current = 'over';
    this.owner.failed(fault);
  }

  /** The last flush up to a time, and the first from a time on. */
  private tickBefore(now: number): number {
    const { flushInterval } = this.settings;
    return this.begun + Math.max(Math.floor((now - this.begun) / flushInterval), 0) * flushInterval;
  }

  private tickFrom(time: number): number {
    const { flushInterval } = this.settings;
    return this.begun + Math.ceil((time - this.begun) / flushInterval) * flushInterval;
  }
}

function faulty(what: string): ProtocolError {
  return new ProtocolError('ERR_FRAME_DATA', what, { operation: 'receive' });
}

function cannotSend(code: 'ERR_CLOSED' | 'ERR_NOT_OPEN', why: string): NetworkError {
  return new NetworkError(code, `nothing can be sent: ${why}`, { operation: 'send' });
}
