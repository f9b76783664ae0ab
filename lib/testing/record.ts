import type { Subscription } from 'rxjs';
import { OptionError } from '../base/errors.ts';
import { callback, integer, table } from '../base/options.ts';
import type { Closed } from '../connection/closed.ts';
import type { Connection } from '../connection/connection.ts';
import { type LineSink, type RecordingSink, lineSink } from './recording-sink.ts';
import { RECORDING_VERSION, type RecordedEvent, eventLine, headerLine } from './recording.ts';

/** Options of {@link record}. */
export interface RecordOptions {
  /**
   * Longest recording, in bytes, its last line not counted. Also bounds what waits in memory for a slow disk. A
   * recording that would become longer is stopped. 1 to 2^40.
   * @default 67108864 (64 MiB)
   */
  readonly maxBytes?: number;
  /**
   * Is given a copy of what was received (`in`) or sent (`out`), and answers with what is written instead; nothing is
   * written for no bytes. Given piece by piece as they came: what has to be hidden may be cut anywhere.
   * @default everything is written as it is
   */
  readonly redact?: ((direction: 'in' | 'out', bytes: Uint8Array) => Uint8Array) | undefined;
}

const checkOptions = table<RecordOptions>({
  maxBytes: integer({ min: 1, max: 2 ** 40, fallback: 64 * 1024 * 1024 }),
  redact: callback<(direction: 'in' | 'out', bytes: Uint8Array) => Uint8Array>(),
});

/** How a recording ended: with the connection, by {@link Recorder.stop}, by its limit, or because it failed. */
export type RecordingEnd = 'close' | 'request' | 'maxBytes' | 'error';

/** A recording in progress. */
export interface Recorder extends Disposable {
  /** How it ended; `undefined` while it goes on. */
  readonly ended: RecordingEnd | undefined;
  /** Bytes of the recording so far. */
  readonly bytes: number;
  /**
   * Resolves when the recording has ended and everything is written. Rejects with what the sink or `redact` failed
   * with; need not be looked at.
   */
  readonly done: Promise<void>;
  /** Ends the recording; the connection lives on. */
  stop(): void;
}

/**
 * Records a connection as it lives, to be played again by {@link replay}; see {@link Recording} for the format.
 *
 * It does not disturb: reading starts and stops with the subscribers of the connection as before, flow control does
 * not count it, and a failure of the sink ends the recording and nothing else. Bytes are recorded below all codecs, in
 * both directions: received chunks just before they are delivered, sent bytes when the system has taken them. Begin
 * in `accept$`, `connect$` or `prepareConnect$` to get everything. What is thrown away after the connection was told
 * to close is not recorded.
 *
 * The recording holds what was said, passwords and all: see `redact`.
 *
 * @param sink Where it goes: a function, a stream, or a path.
 * @throws OptionError (`ERR_OPTION`) for an illegal option or sink.
 *
 * @example
 * server.accept$.subscribe((connection) => record(connection, `session-${connection.id}.jsonl`));
 */
export function record(
  connection: Connection<unknown, never>,
  sink: RecordingSink,
  options: RecordOptions = {},
): Recorder {
  return new ConnectionRecorder(connection, sink, checkOptions(options));
}

class ConnectionRecorder implements Recorder {
  ended: RecordingEnd | undefined = undefined;
  bytes = 0;
  readonly done: Promise<void>;

  private readonly connection: Connection<unknown, never>;
  private readonly options: ReturnType<typeof checkOptions>;
  private readonly sink: LineSink;
  private readonly start: number;
  private readonly untap: () => void;
  private readonly sent: Subscription;
  private settle: (error?: unknown) => void = () => undefined;
  private hasHeader = false;
  private latest = 0;

  constructor(
    connection: Connection<unknown, never>,
    sink: RecordingSink,
    options: ReturnType<typeof checkOptions>,
  ) {
    this.connection = connection;
    this.options = options;
    this.start = connection.scheduler.now();
    this.done = new Promise((resolve, reject) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever a sink has thrown
      this.settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.done.catch(() => undefined);
    this.sink = lineSink(sink, (error) => this.fail(error));
    if (typeof (connection as Partial<typeof connection> | undefined)?.tapWire !== 'function')
      throw new OptionError('connection', connection, 'a connection of this library');
    this.untap = connection.tapWire({
      received: (bytes) => this.addBytes('in', bytes),
      peerEnded: () => this.add({ type: 'end', t: this.now(), direction: 'in' }),
      finSent: () => this.add({ type: 'end', t: this.now(), direction: 'out' }),
    });
    this.sent = connection.sent$.subscribe(({ data }) => this.addBytes('out', data));
    if (connection.state !== 'connecting') this.attempt(() => this.writeHeader());
    if (this.isGoingOn) connection.onEnd(this);
  }

  private get isGoingOn(): boolean {
    return this.ended === undefined;
  }

  stop(): void {
    this.finish('request', { type: 'stopped', t: this.now(), by: 'request' });
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  /** @internal */
  connectionEnded({ reason, error }: Closed): void {
    this.finish('close', { type: 'close', t: this.now(), reason, code: error?.code });
  }

  private addBytes(type: 'in' | 'out', data: Uint8Array): void {
    if (this.ended !== undefined) return;
    this.attempt(() => {
      const { redact, maxBytes } = this.options;
      const bytes = redact === undefined ? data : redact(type, new Uint8Array(data));
      // Known before the text is made: base64 is four bytes for three.
      if (this.bytes + (bytes.length * 4) / 3 > maxBytes) this.full();
      else if (bytes.length > 0) this.add({ type, t: this.now(), bytes });
    });
  }

  private add(event: RecordedEvent): void {
    if (this.ended !== undefined) return;
    if (!this.hasHeader) this.attempt(() => this.writeHeader());
    const line = eventLine(event);
    if (this.bytes + line.length >= this.options.maxBytes) this.full();
    else this.attempt(() => this.write(line));
  }

  private full(): void {
    this.finish('maxBytes', { type: 'stopped', t: this.now(), by: 'maxBytes' });
  }

  private write(line: string): void {
    if (!this.hasHeader) this.writeHeader();
    this.bytes += line.length + 1;
    this.sink.write(line);
  }

  private writeHeader(): void {
    this.hasHeader = true;
    const { local, remote } = this.connection;
    const line = headerLine({
      version: RECORDING_VERSION,
      local,
      remote,
      at: new Date(this.start).toISOString(),
    });
    this.bytes += Buffer.byteLength(line) + 1;
    this.sink.write(line);
  }

  private finish(how: RecordingEnd, last: RecordedEvent): void {
    if (this.ended !== undefined) return;
    this.attempt(() => this.write(eventLine(last)));
    this.end(how);
    this.sink.finish((error) => this.settle(error ?? undefined));
  }

  /** The recording cannot go on; the connection can. */
  private fail(error: unknown): void {
    this.settle(error);
    if (this.ended !== undefined) return;
    this.end('error');
    this.sink.finish(() => undefined);
  }

  private end(how: RecordingEnd): void {
    this.ended ??= how;
    this.untap();
    this.sent.unsubscribe();
    this.connection.offEnd(this);
  }

  /** Nothing that is thrown here may reach the connection. */
  private attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Milliseconds since the start, to the microsecond; the clock of the system may have been set back. */
  private now(): number {
    const elapsed = Math.round((this.connection.scheduler.now() - this.start) * 1000) / 1000;
    return (this.latest = Math.max(this.latest, elapsed));
  }
}
