import type { Closed } from '../../lib/connection/closed.ts';
import type { Connection } from '../../lib/connection/connection.ts';

/** Says what is wrong; the first one counts. */
export type Complain = (what: string) => void;

/** Bytes that a codec puts in front of a message. */
export type Framing = 0 | 4;

/** What one end of a connection has sent and received. */
export class Side {
  readonly name: string;
  /** Bodies accepted by `send()`: how many, and how many bytes together. */
  readonly accepted = { messages: 0, bytes: 0 };
  readonly received = { messages: 0, bytes: 0 };
  processed = 0;
  /** We have asked for the end, so that not everything needs to arrive any more. */
  leaving = false;
  /** We have sent our FIN: when the peer's comes, the connection is over, whatever is still being worked on. */
  hasEnded = false;
  peer: Side | undefined;
  closes = 0;

  private readonly lengths: number[] = [];
  private readonly framing: Framing;
  private readonly complain: Complain;
  private readonly salt: number;
  private completed = false;
  private over = false;

  constructor(name: string, salt: number, framing: Framing, complain: Complain) {
    this.name = name;
    this.salt = salt;
    this.framing = framing;
    this.complain = complain;
  }

  /** Sends the next bytes of this side's stream. */
  send(connection: Connection, length: number): void {
    const { accepted, salt, framing } = this;
    const body = Uint8Array.from({ length }, (_, at) => byteAt(salt, accepted.bytes + at));
    // Noted before, since the peer may have it before `send()` returns.
    accepted.messages++;
    accepted.bytes += length;
    this.lengths.push(length);
    const result = connection.send(
      ...(framing > 0 && connection.extra === 'pull' ? [head(length), body] : [body]),
    );
    if (result !== 'refused') return;
    accepted.messages--;
    accepted.bytes -= length;
    this.lengths.pop();
  }

  receive(body: Uint8Array): void {
    const { received, peer, framing } = this;
    if (this.over) this.complain(`${this.name}: receives after its close`);
    if (peer === undefined) {
      this.complain(`${this.name}: receives from nobody`);
      return;
    }
    if (framing > 0 && body.length !== peer.lengths[received.messages])
      this.complain(`${this.name}: message ${received.messages} has the wrong length`);
    for (let at = 0; at < body.length; at++) {
      if (body[at] === byteAt(peer.salt, received.bytes + at)) continue;
      this.complain(`${this.name}: byte ${received.bytes + at} is wrong`);
      break;
    }
    received.messages++;
    received.bytes += body.length;
    if (received.bytes > peer.accepted.bytes) this.complain(`${this.name}: more arrived than was sent`);
  }

  /** `receive$` has completed: if nobody here wanted the end, everything has to be here. */
  complete(): void {
    if (this.completed) this.complain(`${this.name}: receive$ completes twice`);
    this.completed = true;
    if (this.leaving) return;
    const { accepted = { bytes: 0 } } = this.peer ?? {};
    if (this.received.bytes !== accepted.bytes)
      this.complain(`${this.name}: ${this.received.bytes} of ${accepted.bytes} bytes arrived before the end`);
  }

  close(closed: Closed): void {
    this.closes++;
    if (this.closes > 1) this.complain(`${this.name}: closes ${this.closes} times`);
    this.over = true;
    if (MISTAKES.has(closed.reason))
      this.complain(`${this.name}: closes because of ${closed.error?.message}`);
    const { accepted, received, framing } = this;
    const out = accepted.bytes + accepted.messages * framing;
    if (closed.bytesOut + closed.unsent !== out)
      this.complain(
        `${this.name}: ${closed.bytesOut} sent and ${closed.unsent} unsent are not ${out} accepted`,
      );
    if (framing === 0 && closed.bytesIn !== received.bytes)
      this.complain(`${this.name}: ${closed.bytesIn} bytes in, but ${received.bytes} received`);
    const waits = this.completed && !this.leaving && !this.hasEnded && closed.error === undefined;
    if (waits && this.processed !== received.messages)
      this.complain(`${this.name}: closed with ${received.messages - this.processed} messages not worked on`);
  }
}

/** Reasons that no weather is an excuse for. */
const MISTAKES = new Set(['protocol', 'handler', 'error']);

/** All connections of a scenario; both ends of one are found by the port of the client. */
export class Ledger {
  readonly sides: Side[] = [];
  private readonly clients = new Map<number, Side>();
  private readonly framing: Framing;
  private readonly complain: Complain;

  constructor(framing: Framing, complain: Complain) {
    this.framing = framing;
    this.complain = complain;
  }

  client({ local }: Connection): Side {
    const side = this.side('client');
    this.clients.set(local.port ?? 0, side);
    return side;
  }

  server({ remote }: Connection): Side {
    const side = this.side('server');
    const peer = this.clients.get(remote.port ?? 0);
    if (peer === undefined || peer.peer !== undefined) {
      this.complain(`${side.name}: has no client`);
    } else {
      side.peer = peer;
      peer.peer = side;
    }
    return side;
  }

  /** At the end. */
  check(): void {
    for (const { closes, name } of this.sides) if (closes === 0) this.complain(`${name}: has not closed`);
  }

  private side(kind: string): Side {
    const number = this.sides.length + 1;
    const side = new Side(`${kind} ${number}`, number * 37, this.framing, this.complain);
    this.sides.push(side);
    return side;
  }
}

function byteAt(salt: number, position: number): number {
  return (position * 31 + (position >> 8) * 7 + salt) & 255;
}

function head(length: number): Uint8Array {
  return Uint8Array.of(length & 255, (length >> 8) & 255, (length >> 16) & 255, 0);
}
