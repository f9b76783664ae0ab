import { Observable, type SchedulerLike, asyncScheduler } from 'rxjs';
import { NetworkError } from '../base/errors.ts';
import { check, having, table } from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Codec } from '../codec/codec.ts';
import type { DialerOptions } from '../component/tcp-connector.ts';
import { TcpAgent } from '../component/tcp-agent.ts';
import type { Connection } from '../connection/connection.ts';
import { type ConnectionOptions, connectionChecks } from '../connection/settings.ts';
import type { ConnectHandler, Transport } from '../transport/wire.ts';
import { type Recording, parseRecording, readRecording } from './recording.ts';
import { ReplayMismatchError } from './replay-mismatch-error.ts';
import { type Step, play, scriptOf } from './replay-script.ts';
import { ReplayTransport } from './replay-transport.ts';

/** Options of {@link replay}; those of connections are for {@link Replay.connection}. */
export interface ReplayOptions<In = Uint8Array, Out = BytesLike> extends ConnectionOptions {
  /**
   * What the replayed connection speaks.
   * @default none: chunks of bytes
   */
  readonly codec?: Codec<Uint8Array, In, BytesLike, Out> | undefined;
  /**
   * Cuts what was received anew, at random: the same bytes, but nothing that worked only because of how they happened
   * to be cut. A number where chance begins, the same for the same cuts; 0 to 2^32 - 1. A piece comes when its last
   * byte came, and none moves past something that was sent.
   * @default the cuts of the recording
   */
  readonly recut?: number | undefined;
  /**
   * How many times as fast as it was recorded. More than 0, at most 1000000.
   * @default 1
   */
  readonly speed?: number;
}

const isSeed = (value: unknown) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32;
const isSpeed = (value: unknown) => typeof value === 'number' && value > 0 && value <= 1_000_000;

const checkOptions = table<ReplayOptions>({
  ...connectionChecks,
  codec: having<Codec<Uint8Array, Uint8Array, BytesLike, BytesLike> | undefined>(
    'decoder',
    'a codec',
    undefined,
  ),
  recut: check<number | undefined>(undefined, 'an integer from 0 to 4294967295', isSeed),
  speed: check(1, 'a number above 0, at most 1000000', isSpeed),
});

/** A recording that can be played; see {@link replay}. */
export interface Replay<In = Uint8Array, Out = BytesLike> extends Disposable {
  readonly recording: Recording;
  /**
   * The recorded connection once more, open, with the codec of the options. Made when it is first asked for; that is
   * when the recording begins to play.
   *
   * @throws NetworkError `ERR_STATE` when {@link transport} has given the connection away.
   */
  readonly connection: Connection<In, Out>;
  /**
   * The recorded peer as a network, for a component of your own: one that listens is connected to at once, one that
   * dials is answered; the recording begins to play then. There is one connection in it, this or {@link connection}.
   */
  readonly transport: Transport;
  /**
   * Only what was received: cold, each subscription plays it from the beginning. Completes and errors as `receive$`
   * did; does neither when the recording ends before the connection.
   */
  readonly incoming$: Observable<Uint8Array>;
  /** All that was sent when it was recorded. */
  readonly expected: Uint8Array;
  /** All that has been sent in the replay, by {@link connection} or over {@link transport}. */
  readonly sent: Uint8Array;
  /** @throws ReplayMismatchError when {@link sent} is not {@link expected}, at the first byte that differs. */
  verifySent(): void;
  /** Ends the replayed {@link connection}, and everything that is still to come. */
  [Symbol.dispose](): void;
}

/**
 * Plays a recording of {@link record}: what the peer did then happens again, at the same times and cut in the same
 * way, in virtual time inside of `TestScheduler.run`. A failure in production becomes a test that fails.
 *
 * The peer sends the recorded chunks, then its FIN, or fails with the recorded error. Where our side had ended the
 * connection the peer ends, since it has nothing more to say; a recording that ends before its connection leaves the
 * peer silent. What is paused waits. What is sent is kept and compared by {@link Replay.verifySent} on request; the
 * peer does not wait for it.
 *
 * @param recording Path of a file, the text itself (it begins with `{`), or a recording that has been read.
 * @throws RecordingError for a recording that is not as the format says.
 * @throws OptionError (`ERR_OPTION`) for an illegal option.
 *
 * @example
 * for (let seed = 0; seed < 100; seed++)
 *   new TestScheduler(assert.deepEqual).run(({ expectObservable }) => {
 *     const { connection } = replay('session-17.jsonl', { codec: pack(), recut: seed });
 *     expectObservable(connection.receive$.pipe(count())).toBe('2.5s (n|)', { n: 4711 });
 *   });
 */
export function replay<In = Uint8Array, Out = BytesLike>(
  recording: Recording | string | URL,
  options: ReplayOptions<In, Out> = {},
): Replay<In, Out> {
  checkOptions(options as ReplayOptions);
  const { recut: seed, speed = 1, ...connectionOptions } = options;
  const played = recordingOf(recording);
  return new RecordingReplay<In, Out>(played, scriptOf(played, speed, seed), connectionOptions);
}

function recordingOf(recording: Recording | string | URL): Recording {
  if (typeof recording === 'string')
    return recording.startsWith('{') ? parseRecording(recording) : readRecording(recording);
  return recording instanceof URL ? readRecording(recording) : recording;
}

class RecordingReplay<In, Out> implements Replay<In, Out> {
  readonly recording: Recording;
  readonly transport: ReplayTransport;
  readonly incoming$: Observable<Uint8Array>;
  readonly expected: Uint8Array;

  private readonly options: DialerOptions<In, Out>;
  private agent: TcpAgent<In, Out> | undefined;
  private made: Connection<In, Out> | undefined;

  constructor(recording: Recording, script: readonly Step[], options: DialerOptions<In, Out>) {
    const { scheduler = asyncScheduler } = options;
    this.recording = recording;
    this.options = options;
    this.transport = new ReplayTransport(script, scheduler, recording.local, recording.remote);
    this.incoming$ = incoming(script, scheduler);
    this.expected = joined(recording.events.flatMap((event) => (event.type === 'out' ? [event.bytes] : [])));
  }

  get connection(): Connection<In, Out> {
    return (this.made ??= this.makeConnection());
  }

  get sent(): Uint8Array {
    return joined(this.transport.wire?.written ?? []);
  }

  verifySent(): void {
    const { expected, sent } = this;
    if (Buffer.compare(expected, sent) !== 0) throw new ReplayMismatchError(expected, sent);
  }

  [Symbol.dispose](): void {
    void this.agent?.stop({ drain: false });
    this.transport.wire?.destroy();
  }

  /** Over an agent, but open at once: what plays begins now, and nobody has to wait for it. */
  private makeConnection(): Connection<In, Out> {
    if (!this.transport.take())
      throw new NetworkError('ERR_STATE', 'the connection of the replay has been given to a component');
    let dialled: ConnectHandler | undefined;
    const transport: Transport = {
      listen: () => NOTHING,
      connect: (_request, handler) => {
        dialled = handler;
        return NOTHING;
      },
    };
    const agent = new TcpAgent<In, Out>({ ...this.options, transport });
    this.agent = agent;
    agent.close$.subscribe(() => void agent.stop());
    void agent.start();
    const { id } = agent.open(1);
    dialled?.connected(this.transport.makeWire());
    return agent.connections.get(id) as Connection<In, Out>;
  }
}

/** What there is to end of a component's listening or connecting: nothing. */
const NOTHING = { close: () => undefined, abort: () => undefined };

function incoming(script: readonly Step[], scheduler: SchedulerLike): Observable<Uint8Array> {
  return new Observable((subscriber) =>
    play(script, scheduler, (step) => {
      if (step.type === 'chunk') subscriber.next(new Uint8Array(step.bytes));
      else if (step.type === 'end') subscriber.complete();
      else subscriber.error(step.error);
    }),
  );
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}
