import { HANDSHAKE_LENGTH, handshakeBytes, readHandshake } from '../../lib/arq/handshake-packet.ts';
import type { DatagramTransport } from '../../lib/transport/datagram.ts';
import { CLOSE_NOTICE, isCloseNotice } from '../../lib/udp/close-notice.ts';
import { type Segment, datagramOf, segmentsOf } from '../arq/wire.ts';
import { Probe, type ProbeOptions } from '../support/datagram-probe.ts';

/** Where components listen, and raw peers, too. */
export const PORT = 5555;
export const TO_SERVER = { peer: { host: '127.0.0.1', port: PORT } };

/** The other side of reliable UDP, played by hand: it answers the handshake, and for the rest does what a test says. */
export class ArqPeer {
  readonly probe: Probe;
  readonly id: number;
  /** The id of the side under test, once it has told it. */
  theirId = 0;
  /** What has come, heartbeats and packets of the handshake apart. */
  readonly segments: Segment[] = [];
  notices = 0;
  /** Whether it answers the handshake. */
  answers = true;
  /** Whether it acknowledges what it gets, at once. */
  acknowledges = false;
  /** Where the side under test is; `undefined` when the socket knows it, or nothing has come yet. */
  at: { readonly port: number; readonly address: string } | undefined;

  /** @param options By default it dials the server under test. */
  constructor(
    transport: DatagramTransport,
    { id = 9, ...options }: ProbeOptions & { id?: number } = TO_SERVER,
  ) {
    this.id = id;
    this.probe = new Probe(transport, options);
    this.probe.onReceived = (bytes, from) => {
      if (options.peer === undefined) this.at = from;
      this.take(bytes);
    };
  }

  /** Texts of what has come for the first time. */
  get texts(): string[] {
    const bySn = new Map(this.segments.filter(isPush).map(({ sn, data }) => [sn, data]));
    return [...bySn.values()];
  }

  send(bytes: Uint8Array): void {
    this.probe.send(bytes, this.at?.port, this.at?.address);
  }

  /** Begins from this side, or goes on. */
  greet(isComplete = this.theirId !== 0): void {
    this.send(handshakeBytes({ isComplete, from: this.id, to: this.theirId }));
  }

  /** Sends segments, in its own conversation unless they say otherwise. */
  say(...segments: Partial<Segment>[]): void {
    this.send(datagramOf(...segments.map((segment) => ({ conversation: this.id, ...segment }))));
  }

  /** Messages of one segment each, from a number on. */
  tell(texts: readonly string[], first = 0): void {
    texts.forEach((data, place) => this.say({ sn: first + place, data }));
  }

  leave(): void {
    this.send(CLOSE_NOTICE);
  }

  private take(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (bytes.length === HANDSHAKE_LENGTH) this.takeHandshake(bytes);
    else if (isCloseNotice(bytes)) this.notices++;
    else this.takeSegments(bytes);
  }

  private takeHandshake(bytes: Uint8Array): void {
    const { from, to, isComplete } = readHandshake(bytes);
    const isNews = this.theirId !== from;
    this.theirId = from;
    // Whoever knows us already and has been told that we know needs no answer.
    if (this.answers && (isNews || to !== this.id || !isComplete)) this.greet();
  }

  private takeSegments(bytes: Uint8Array): void {
    const segments = segmentsOf(bytes);
    this.segments.push(...segments);
    if (!this.acknowledges) return;
    const pushed = segments.filter(isPush);
    if (pushed.length > 0) this.say(...pushed.map(({ sn, ts }) => ({ command: 82, sn, ts, una: sn + 1 })));
  }
}

function isPush({ command }: Segment): boolean {
  return command === 81;
}
