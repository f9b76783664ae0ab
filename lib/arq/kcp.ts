import { ProtocolError } from '../base/errors.ts';
import { viewOf } from '../bytes/view.ts';
import { AckList } from './ack-list.ts';
import type { ArqSettings } from './arq-options.ts';
import { DatagramWriter } from './datagram-writer.ts';
import { ReceiveWindow } from './receive-window.ts';
import {
  ACK,
  ASK_WINDOW,
  PUSH,
  SEGMENT_HEADER,
  TELL_WINDOW,
  distance,
  readUint16,
  readUint32,
} from './segment.ts';
import { Sender } from './sender.ts';
import { WindowProbe } from './window-probe.ts';

/** Beyond this the clock is taken to have been set, and flushing starts over from there, in milliseconds. */
const CLOCK_JUMP = 10_000;

/**
 * One end of a KCP conversation in message mode: messages in, datagrams out, and the reverse. Sans-IO: it knows
 * neither sockets nor timers, and its clock is what `update` was told last, as in the original. That is why the times
 * on the wire are those of the last update and not of the moment.
 *
 * `input` does not look at the conversation of what it is given: HP-Socket's two directions have different ones.
 *
 * @example
 * const kcp = new Kcp(1, arqSettings(), (datagram) => socket.send(datagram.slice()));
 * kcp.update(0);
 * kcp.send(utf8('hello'));
 * kcp.flush(); // emits 29 bytes
 */
export class Kcp {
  private readonly flushInterval: number;
  private readonly sender: Sender;
  private readonly receiving: ReceiveWindow;
  private readonly acks = new AckList();
  private readonly probe = new WindowProbe();
  private readonly writer: DatagramWriter;
  /** Whether the peer has to be told our window. */
  private tells = false;
  /** The clock, and when to flush next; `undefined` before the first update. */
  private now = 0;
  private nextFlush: number | undefined;
  private isFlushing = false;
  private flushesAgain = false;

  /**
   * @param conversation Written into every segment.
   * @param emit Takes each datagram, which is valid only until it returns. It must not throw.
   * @param first Number of the first segment in both directions, 0 in the original.
   */
  constructor(conversation: number, settings: ArqSettings, emit: (datagram: Uint8Array) => void, first = 0) {
    this.flushInterval = settings.flushInterval;
    this.sender = new Sender(settings, first);
    this.receiving = new ReceiveWindow(settings.receiveWindow, settings.maxMessageSize, first);
    this.writer = new DatagramWriter(conversation, settings.maxTransUnit, emit);
  }

  /** Segments not acknowledged yet, whether sent or not; twin of `GetWaitingSendMessageCount`. */
  get waiting(): number {
    return this.sender.pending.waiting;
  }

  /** Bytes of messages from the first segment on that is not acknowledged: all before them have come. */
  get waitingBytes(): number {
    return this.sender.pending.bytes;
  }

  /** Segments that may be under way now. */
  get window(): number {
    return this.sender.window;
  }

  /** Milliseconds after which a segment is sent again, as the round trips so far tell. */
  get resendTimeout(): number {
    return this.sender.roundTrip.timeout;
  }

  /** Segments that were sent 20 times so far without being acknowledged. Nothing is done about it. */
  get deadSegments(): number {
    return this.sender.deadSegments;
  }

  /** Whether a whole message waits to be fetched. */
  get hasMessage(): boolean {
    return this.receiving.hasMessage;
  }

  /** Whether what has come does not make sense as a whole, so that there will be no more messages. */
  get isBroken(): boolean {
    return this.receiving.isBroken;
  }

  /**
   * Queues a message, which is copied. It goes out with the next flush if the window allows.
   *
   * @throws ProtocolError `ERR_FRAME_LENGTH` when it is empty or longer than `maxMessageSize`; nothing happens then.
   */
  send(message: Uint8Array): void {
    this.sender.put(message);
  }

  /**
   * Takes a datagram of the peer, which must not be changed any more: messages are views of it. Answers go out with
   * the next flush.
   *
   * @throws ProtocolError `ERR_FRAME_DATA` when it is not made of segments, or fragments do not belong together,
   * `ERR_FRAME_LENGTH` when a message is too long. Segments before the fault count; see {@link isBroken}.
   */
  input(datagram: Uint8Array): void {
    const { sender } = this;
    const { length } = datagram;
    const { una } = sender.pending;
    if (length < SEGMENT_HEADER) throw malformed(`a datagram of ${length} bytes, too short for a segment`);
    let newest: number | undefined;
    let newestTs = 0;
    // Less than a header behind the last segment means nothing.
    for (let at = 0; length - at >= SEGMENT_HEADER;) {
      const command = datagram[at + 4]!;
      const size = readUint32(datagram, at + 20);
      const begin = at + SEGMENT_HEADER;
      if (size > length - begin) {
        throw malformed(`a segment of ${size} bytes where the datagram has ${length - begin}`);
      }
      if (command < PUSH || command > TELL_WINDOW) throw malformed(`a segment with command ${command}`);
      const ts = readUint32(datagram, at + 8);
      const sn = readUint32(datagram, at + 12);
      sender.peerRoom = readUint16(datagram, at + 6);
      sender.pending.acknowledgeBefore(readUint32(datagram, at + 16));
      if (command === PUSH) this.inputPush(datagram, begin, size, sn, ts);
      else if (command === ASK_WINDOW) this.tells = true;
      else if (command === ACK) {
        sender.acknowledge(sn, distance(this.now, ts));
        if (newest === undefined || (distance(sn, newest) > 0 && distance(ts, newestTs) > 0)) {
          newest = sn;
          newestTs = ts;
        }
      }
      at = begin + size;
    }
    if (newest !== undefined) sender.pass(newest, newestTs);
    sender.settle(una);
  }

  /**
   * Fetches the next message, if it is complete. As long as nobody does, the window that the peer is told gets smaller.
   *
   * @throws ProtocolError as {@link input}, when the messages before the fault have been fetched.
   */
  receive(): Uint8Array | undefined {
    const roomBefore = this.receiving.room;
    const message = this.receiving.take();
    if (roomBefore === 0 && this.receiving.room > 0) this.tells = true;
    return message;
  }

  /** Tells the time, and flushes when the interval is over. `now` must not go backwards. */
  update(now: number): void {
    this.now = Math.floor(now);
    let due = this.nextFlush ?? now;
    if (Math.abs(now - due) >= CLOCK_JUMP) due = now;
    this.nextFlush = due;
    if (now < due) return;
    const { flushInterval } = this;
    this.nextFlush = now < due + flushInterval ? due + flushInterval : now + flushInterval;
    this.flush();
  }

  /**
   * When `update` has to be called: the flush at which something is to be done, `Infinity` when nothing is until
   * something comes or is sent.
   */
  get nextAt(): number {
    if (this.nextFlush === undefined) return -Infinity;
    const hasWork = this.acks.count > 0 || this.tells || this.sender.hasWork;
    const due = hasWork ? this.nextFlush : Math.min(this.sender.nextResend, this.probe.nextAt);
    if (due === Infinity) return due;
    const flushes = Math.max(Math.ceil((due - this.nextFlush) / this.flushInterval), 0);
    return this.nextFlush + flushes * this.flushInterval;
  }

  /**
   * Sends what can be sent: acknowledgements, questions about windows, segments for the first time and again. Does
   * nothing before the first update.
   */
  flush(): void {
    if (this.nextFlush === undefined) return;
    this.flushesAgain = true;
    // A message that is sent while a datagram is being emitted has to wait for the memory.
    if (this.isFlushing) return;
    this.isFlushing = true;
    try {
      while (this.flushesAgain) {
        this.flushesAgain = false;
        this.writer.stamp(this.receiving.room, this.receiving.next);
        this.flushCommands();
        this.sender.flush(this.writer, this.now);
      }
    } finally {
      this.isFlushing = false;
    }
  }

  private inputPush(datagram: Uint8Array, begin: number, size: number, sn: number, ts: number): void {
    const { receiving } = this;
    if (!receiving.accepts(sn) || !this.acks.add(sn, ts) || !receiving.lacks(sn)) return;
    const fragment = datagram[begin - SEGMENT_HEADER + 5]!;
    receiving.put(sn, fragment, viewOf(datagram.buffer, datagram.byteOffset + begin, size));
  }

  private flushCommands(): void {
    const { acks, writer } = this;
    // As in the original, questions carry what the last acknowledgement carried, which means nothing in them.
    let sn = 0;
    let ts = 0;
    for (let place = 0; place < acks.count; place++) {
      sn = acks.sn(place);
      ts = acks.ts(place);
      writer.command(ACK, ts, sn);
    }
    acks.clear();
    if (this.probe.isDue(this.sender.peerRoom, this.now)) writer.command(ASK_WINDOW, ts, sn);
    if (this.tells) writer.command(TELL_WINDOW, ts, sn);
    this.tells = false;
  }
}

function malformed(what: string): ProtocolError {
  return new ProtocolError('ERR_FRAME_DATA', what, { operation: 'receive' });
}
