import type { NetworkError } from '../../lib/base/errors.ts';
import { toText } from '../../lib/bytes/bytes-like.ts';
import { type ByteSink, Outbox, type OutboxOwner } from '../../lib/send/outbox.ts';
import type { OutboxLimits, OverflowPolicy } from '../../lib/send/outbox-limits.ts';
import { type SendPolicy, sendPolicy } from '../../lib/send/send-policy.ts';

/**
 * A sink that keeps what it is given, as a socket does, and reads it only when it takes it: bytes that were
 * overwritten meanwhile show.
 */
export class FakeSink implements ByteSink {
  /** Called with each write as text. */
  onWrite: (text: string) => void = () => undefined;
  /** Each write as text. */
  readonly writes: string[] = [];
  /** Each write as the lengths of its pieces. */
  readonly shapes: number[][] = [];
  unsent = 0;
  keepsUnits = false;

  /** Bytes that it takes at once as long as nothing waits, like the free buffer of the system. */
  private readonly atOnce: number;
  private readonly kept: Uint8Array[] = [];
  private readonly taken: Buffer[] = [];

  constructor(atOnce = Infinity) {
    this.atOnce = atOnce;
  }

  /** All bytes that were taken. */
  get bytes(): Buffer {
    return Buffer.concat(this.taken);
  }

  /** {@link bytes} as text. */
  get text(): string {
    return toText(this.bytes);
  }

  write(bytes: Uint8Array): void {
    this.writev([bytes]);
  }

  writev(pieces: readonly Uint8Array[]): void {
    const idle = this.unsent === 0;
    const text = toText(Buffer.concat(pieces));
    this.writes.push(text);
    this.shapes.push(pieces.map(({ length }) => length));
    for (const piece of pieces) {
      this.kept.push(piece);
      this.unsent += piece.length;
    }
    if (idle) this.take(this.atOnce);
    this.onWrite(text);
  }

  /** Takes bytes as the system would; the outbox has to be told by `progress()`. */
  take(limit = Infinity): void {
    let room = limit;
    for (let first = this.kept[0]; first !== undefined && room > 0; first = this.kept[0]) {
      const part = first.subarray(0, Math.min(first.length, room));
      this.taken.push(Buffer.from(part));
      this.unsent -= part.length;
      room -= part.length;
      if (part.length === first.length) this.kept.shift();
      else this.kept[0] = first.subarray(part.length);
    }
  }
}

/** An owner that remembers what it was told. */
export class FakeOwner implements OutboxOwner {
  observesSent = false;
  readonly sent: string[] = [];
  readonly overflows: {
    readonly policy: OverflowPolicy;
    readonly error: NetworkError;
    readonly bytes: number;
  }[] = [];
  /** Called when the number of pending bytes may have changed. */
  onPending: () => void = () => undefined;
  /** Called for every overflow. */
  onOverflow: (error: NetworkError) => void = () => undefined;

  bytesSent(bytes: Uint8Array): void {
    this.sent.push(toText(bytes));
  }

  pendingChanged(): void {
    this.onPending();
  }

  overflowed(policy: OverflowPolicy, error: NetworkError, bytes: number): void {
    this.overflows.push({ policy, error, bytes });
    this.onOverflow(error);
  }
}

/** An outbox with a sink, its owner, and limits far away unless they are given. */
export function fakeOutbox({
  policy = sendPolicy.direct(),
  atOnce = Infinity,
  limits = {},
}: { policy?: SendPolicy; atOnce?: number; limits?: OutboxLimits } = {}) {
  const sink = new FakeSink(atOnce);
  const owner = new FakeOwner();
  const outbox = new Outbox(sink, owner, policy, {
    highPending: 2 ** 30,
    maxPending: 2 ** 30,
    overflow: 'error',
    ...limits,
  });
  /** The system takes bytes and the sink tells so. */
  const take = (limit?: number) => {
    sink.take(limit);
    outbox.progress();
  };
  return { sink, owner, outbox, take };
}
