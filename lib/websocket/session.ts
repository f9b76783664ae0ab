import { NetworkError, NetworkTimeoutError } from '../base/errors.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import { ABNORMAL, type CloseFrame, NO_CODE } from './close-code.ts';
import type { PerMessageDeflate } from './deflate/permessage-deflate.ts';
import { FrameWriter } from './frame-writer.ts';
import { Liveness } from './liveness.ts';
import { type MaskKeys, randomKeys } from './mask-keys.ts';
import type { WsMessage, WsSendable } from './message.ts';
import { MessageReader, type MessageSink } from './message-reader.ts';
import type { WsRole } from './opcode.ts';
import type { WsSessionSettings } from './options.ts';
import { PongQueue } from './pong-queue.ts';
import type { WsOwner, WsState } from './session-owner.ts';
import { WS_ERROR_REASONS, WsError } from './ws-error.ts';

/** What a session is made with. */
export interface WsSessionInit {
  readonly role: WsRole;
  /** Of `sessionSettings`. */
  readonly settings: WsSessionSettings;
  readonly owner: WsOwner;
  /** The time: milliseconds of a clock that does not go backwards. */
  readonly now: number;
  /** What was negotiated; left out, messages are not compressed. */
  readonly deflate?: PerMessageDeflate | undefined;
  /**
   * Where the keys come from that a client masks with.
   * @default keys that nobody can foresee
   */
  readonly keys?: MaskKeys | undefined;
}

/**
 * One end of a WebSocket behind its handshake (RFC 6455 sections 5 to 7). Sans-IO: bytes and messages go in, bytes and
 * messages come out, and times are given by the caller.
 *
 * ```text
 *          close(), stop(), fail()           the peer ends the connection,
 *   open ─ the peer's close frame ─→ closing ─ or it takes too long ─→ closed
 *          a fault of the peer
 * ```
 *
 * - Pings are answered: each at once, but of a flood, or while the peer does not read, only the latest.
 * - The peer's close frame is answered with its own code. After both have been sent, the server ends the connection; the
 *   client leaves that to the server. Messages that come before the peer's close frame are delivered, also while closing.
 * - A fault (`WsError`) is answered with the close code that belongs to it; then the connection is ended, and what comes is
 *   passed over.
 * - A peer that is silent is pinged and taken for dead, if `pingInterval` says so.
 *
 * @example
 * const session = new WsSession({ role: 'server', settings: sessionSettings(), owner, now: performance.now() });
 * socket.on('data', (chunk) => session.receive(chunk, performance.now()));
 * // after every call: a timer that calls session.update(performance.now()) at session.nextAt
 */
export class WsSession implements MessageSink {
  private readonly owner: WsOwner;
  private readonly settings: WsSessionSettings;
  private readonly isServer: boolean;
  private readonly reader: MessageReader;
  private readonly writer: FrameWriter;
  private readonly liveness: Liveness;
  private pongs: PongQueue | undefined = undefined;
  private current: WsState = 'open';
  /** The codes of the close frames: ours, and that of the peer. */
  private sentCode: number | undefined = undefined;
  private gotCode: number | undefined = undefined;
  private gotReason = '';
  private error: NetworkError | undefined = undefined;
  /** Whether the owner has been told to end the connection. */
  private hasEnded = false;
  /** When closing has taken too long. */
  private closeBy = Infinity;
  private now: number;

  constructor({ role, settings, owner, now, deflate, keys = randomKeys }: WsSessionInit) {
    this.owner = owner;
    this.settings = settings;
    this.isServer = role === 'server';
    this.now = now;
    this.liveness = new Liveness(settings.pingInterval, settings.pongTimeout, now);
    this.reader = new MessageReader(role, settings, deflate?.inflater, this);
    this.writer = new FrameWriter({
      keys: this.isServer ? undefined : keys,
      fragmentSize: settings.fragmentSize,
      deflater: deflate?.deflater,
    });
  }

  get state(): WsState {
    return this.current;
  }

  /** Whether what comes is passed over: nothing is to be gained from reading slowly. */
  get isDeaf(): boolean {
    return this.gotCode !== undefined || this.error !== undefined || this.current === 'closed';
  }

  /** Bytes that have come of a message that is not complete. */
  get residue(): number {
    return this.reader.residue;
  }

  /** When {@link update} has to be called at the latest; `Infinity`: not before the next call of something else. */
  get nextAt(): number {
    return this.current === 'open' ? this.liveness.nextAt : this.closeBy;
  }

  /** Takes what has come, which belongs to the session from now on. */
  receive(chunk: Uint8Array, now: number): void {
    this.now = now;
    this.liveness.heard(now);
    try {
      this.reader.push(chunk);
    } catch (fault) {
      if (!(fault instanceof WsError)) throw fault;
      this.failWith(fault.closeCode, fault);
    }
    if (this.pongs !== undefined) this.answerLatest(this.pongs);
  }

  /** The peer has ended the connection. */
  receiveEnd(now: number): void {
    this.now = now;
    if (this.current === 'closed') return;
    if (!this.isDeaf) {
      try {
        this.reader.end();
      } catch (fault) {
        this.error = fault as WsError;
      }
    }
    this.endConnection();
    this.finish();
  }

  /** The connection is gone. */
  lost(error?: NetworkError): void {
    if (this.current === 'closed') return;
    this.hasEnded = true;
    this.error ??= error;
    this.finish();
  }

  /**
   * Sends a message: a string as text, bytes as binary; or a part of one, see `WsOutgoing`.
   *
   * @throws NetworkError `ERR_CLOSED` when the session is closing or closed.
   * @throws WsError `ERR_WS_SEND` for a message while parts of another are under way.
   * @throws OptionError (`ERR_OPTION`) for what is neither bytes nor text.
   */
  send(message: WsSendable): void {
    this.checkOpen();
    this.writer.message(this.owner.output, message);
  }

  /**
   * Sends a ping; the peer answers with a pong of the same content.
   *
   * @throws WsError `ERR_WS_SEND` for more than 125 bytes; NetworkError `ERR_CLOSED` as {@link send}.
   */
  sendPing(data: BytesLike = ''): void {
    this.checkOpen();
    this.writer.control(this.owner.output, { type: 'ping', data });
  }

  /** Sends a pong that nobody asked for, or an answer if that is up to the owner; otherwise as {@link sendPing}. */
  sendPong(data: BytesLike = ''): void {
    this.checkOpen();
    this.writer.control(this.owner.output, { type: 'pong', data });
  }

  /**
   * Begins to close. What has been sent arrives; nothing can be sent any more. Does nothing if closing has begun.
   *
   * @param code See `isCloseCode`.
   * @param reason At most 123 bytes of UTF-8.
   * @throws WsError `ERR_WS_SEND` for an illegal code or reason; nothing happens then.
   */
  close(now: number, code = 1000, reason = ''): void {
    this.now = now;
    if (this.current !== 'open') return;
    this.sendClose(code, reason);
    this.beginClosing();
  }

  /** Closes with 1001, as those do that go away: a server that stops, a page that is left. */
  stop(now: number): void {
    this.close(now, 1001);
  }

  /**
   * Ends the session for something that went wrong on this side: with 1011, or 1008 if the peer broke a rule of the
   * application. What comes from now on is passed over.
   *
   * @throws WsError `ERR_WS_SEND` for an illegal code; nothing happens then.
   */
  fail(now: number, error: NetworkError, code = 1011): void {
    this.now = now;
    if (this.current !== 'closed') this.failWith(code, error);
  }

  /** Does what it is time for. May be called at any time. */
  update(now: number): void {
    this.now = now;
    if (this.current === 'open') this.checkPeer(now);
    else if (this.current === 'closing' && now >= this.closeBy) this.giveUp();
  }

  /** Reading has been paused: the peer cannot be heard. */
  readingPaused(now: number): void {
    this.liveness.pause(now);
  }

  /** Reading goes on. */
  readingResumed(now: number): void {
    this.liveness.resume(now);
  }

  /** What was sent has been taken: a pong that waits for that can go. */
  drained(): void {
    if (this.pongs !== undefined) this.answerLatest(this.pongs);
  }

  // ---- what the reader finds -------------------------------------------------------------------------------------

  /** @internal */
  takeMessage(message: WsMessage): void {
    if (this.current !== 'closed') this.owner.message(message);
  }

  /** @internal */
  takePing(data: Buffer): void {
    if (this.current === 'closed') return;
    if (this.current === 'open' && this.settings.autoPong) {
      this.pongs ??= new PongQueue();
      if (this.pongs.take(data, this.owner.isBehind)) this.answer(data);
    }
    this.owner.ping?.(data);
  }

  /** @internal */
  takePong(data: Buffer): void {
    if (this.current !== 'closed') this.owner.pong?.(data);
  }

  /** @internal */
  takeClose({ code, reason }: CloseFrame): void {
    if (this.current === 'closed') return;
    this.gotCode = code ?? NO_CODE;
    this.gotReason = reason;
    if (this.current === 'open') this.sendClose(code, '');
    this.beginClosing();
    this.owner.closing?.(this.gotCode, reason);
    // The server is the one to end the connection first (RFC 6455 section 7.1.1).
    if (this.isServer) this.endConnection();
  }

  // ---- how it ends -----------------------------------------------------------------------------------------------

  private answer(data: Buffer): void {
    this.writer.control(this.owner.output, { type: 'pong', data });
    this.owner.written();
  }

  private answerLatest(pongs: PongQueue): void {
    pongs.renew();
    if (this.current !== 'open' || this.owner.isBehind) return;
    const data = pongs.takeLatest();
    if (data !== undefined) this.answer(data);
  }

  private checkPeer(now: number): void {
    const due = this.liveness.due(now);
    if (due === 'ping') {
      this.writer.control(this.owner.output, { type: 'ping' });
      this.owner.written();
    } else if (due === 'dead') {
      const { pongTimeout } = this.settings;
      this.cutOff(
        new NetworkTimeoutError('detect', pongTimeout, 'the peer did not answer a ping', 'pongTimeout'),
      );
    }
  }

  private sendClose(code: number | undefined, reason: string): void {
    this.writer.control(this.owner.output, { type: 'close', code, reason });
    this.sentCode = code ?? NO_CODE;
    this.owner.written();
  }

  private beginClosing(): void {
    this.current = 'closing';
    this.closeBy = this.now + this.settings.closeTimeout;
  }

  private failWith(code: number, error: NetworkError): void {
    const reason = error instanceof WsError ? WS_ERROR_REASONS[error.reason][2] : '';
    if (this.current === 'open') this.sendClose(code, reason);
    this.error ??= error;
    this.reader.stop();
    this.beginClosing();
    this.endConnection();
  }

  private giveUp(): void {
    const isClean = this.sentCode !== undefined && this.gotCode !== undefined;
    const { closeTimeout } = this.settings;
    const what = 'the closing handshake did not come to its end';
    this.cutOff(isClean ? undefined : new NetworkTimeoutError('drain', closeTimeout, what, 'closeTimeout'));
  }

  private cutOff(error: NetworkError | undefined): void {
    this.error ??= error;
    this.hasEnded = true;
    this.owner.destroy();
    this.finish();
  }

  private endConnection(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.owner.end();
  }

  private finish(): void {
    if (this.isOver()) return;
    const { gotCode, sentCode, error } = this;
    this.current = 'closed';
    this.closeBy = Infinity;
    this.pongs = undefined;
    this.reader.stop();
    this.owner.closed({
      code: gotCode ?? ABNORMAL,
      reason: this.gotReason,
      clean: gotCode !== undefined && sentCode !== undefined,
      sent: sentCode,
      error,
    });
  }

  /** Asked anew after the owner was told of something. */
  private isOver(): boolean {
    return this.current === 'closed';
  }

  private checkOpen(): void {
    if (this.current === 'open') return;
    throw new NetworkError('ERR_CLOSED', 'nothing can be sent: the WebSocket is closing or closed', {
      operation: 'send',
    });
  }
}
