import { EMPTY, NEVER, Observable, asyncScheduler, catchError, concat, map, merge, throwError } from 'rxjs';
import type { Decoder } from '../../codec/codec.ts';
import type { Connection } from '../../connection/connection.ts';
import { readable } from './readable.ts';

/** Values as readable texts; an error as its code. */
export function asText(source: Observable<unknown>): Observable<string> {
  return source.pipe(
    map(readable),
    // eslint-disable-next-line rxjs-x/throw-error -- a text is what marbles compare and show
    catchError((error: unknown) => throwError(() => codeOf(error))),
  );
}

/** The code of an error of this library or the system, or else the error as text. */
function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : String(error);
}

/** Reasons of `close$`. A connection's completes then; nothing is said about that. */
export function reasonsOf(source: {
  readonly close$: Observable<{ readonly reason: string }>;
}): Observable<string> {
  return concat(source.close$.pipe(map(({ reason }) => reason)), NEVER);
}

/** Joins what comes in one frame. */
export function joinFrames(source: Observable<Uint8Array>): Observable<Uint8Array> {
  return new Observable((subscriber) => {
    let joined: Uint8Array[] = [];
    let waiting = false;
    const flush = () => {
      if (joined.length > 0) subscriber.next(Buffer.concat(joined));
      joined = [];
    };
    /** What is scheduled now comes after everything of this frame, unless that makes more come. */
    const flushWhenQuiet = () => {
      const seen = joined.length;
      const timer = asyncScheduler.schedule(() => {
        subscriber.remove(timer);
        if (joined.length > seen) {
          flushWhenQuiet();
        } else {
          waiting = false;
          flush();
        }
      });
      subscriber.add(timer);
    };
    subscriber.add(
      source.subscribe({
        next: (bytes) => {
          joined.push(bytes);
          if (!waiting) flushWhenQuiet();
          waiting = true;
        },
        error: (error: unknown) => {
          flush();
          subscriber.error(error);
        },
        complete: () => {
          flush();
          subscriber.complete();
        },
      }),
    );
  });
}

/** What a codec makes of bytes. */
export function decoded<M>(
  source: Observable<Uint8Array>,
  codec: { decoder(): Decoder<Uint8Array, M> },
): Observable<M> {
  return new Observable((subscriber) => {
    const decoder = codec.decoder();
    const emit = (message: M) => subscriber.next(message);
    const guard = (work: () => void) => {
      try {
        work();
      } catch (error) {
        subscriber.error(error);
      }
    };
    return source.subscribe({
      next: (bytes) => guard(() => decoder.push(bytes, emit)),
      error: (error: unknown) => subscriber.error(error),
      complete: () => {
        guard(() => decoder.end?.(emit));
        subscriber.complete();
      },
    });
  });
}

/** `p` when reading pauses and `r` when it goes on, once it has begun; completes when the connection ends. */
export function flowOf(connection: Connection<unknown, never>): Observable<string> {
  return new Observable((subscriber) => {
    let begun = connection.reading;
    connection.onReading({
      readingChanged: (reading) => {
        if (connection.receiveEnded) return;
        if (begun) subscriber.next(reading ? 'r' : 'p');
        begun = true;
      },
    });
    connection.onEnd({ connectionEnded: () => subscriber.complete() });
  });
}

/** What happens to a component, as texts. */
export function eventsOf(component: object, names: readonly EventName[]): Observable<string> {
  const sources = component as Record<string, Observable<never> | undefined>;
  return merge(
    ...names.map((name) => {
      const source = sources[SOURCES[name]];
      return source === undefined
        ? EMPTY
        : source.pipe(map((event) => `${name} ${TEXTS[name](event)}`.trimEnd()));
    }),
  );
}

interface Identified {
  readonly id: number;
}

interface WithConnection {
  readonly connection?: Identified | undefined;
}

const idOf = ({ connection }: WithConnection): string =>
  connection === undefined ? '' : `${connection.id} `;

/** Events of components, by the names that `expectEvents` has for them. */
const TEXTS = {
  prepareListen: () => '',
  prepareConnect: (event: WithConnection) => idOf(event),
  accept: ({ id }: Identified) => String(id),
  connect: ({ id }: Identified) => String(id),
  handshake: ({ id }: Identified) => String(id),
  receive: (event: WithConnection & { data: unknown }) => idOf(event) + readable(event.data),
  sent: (event: WithConnection & { data: unknown }) => idOf(event) + readable(event.data),
  close: (event: WithConnection & { reason: string }) => idOf(event) + event.reason,
  fault: (event: WithConnection & { error: { code: string } }) => idOf(event) + event.error.code,
  dropped: (event: WithConnection & { reason: string }) => idOf(event) + event.reason,
  shutdown: (report: { closed: number; forced: number; dropped: number }) =>
    `closed ${report.closed} forced ${report.forced} dropped ${report.dropped}`,
} satisfies Record<string, (event: never) => string>;

/** Name of an event in `expectEvents`. */
export type EventName = keyof typeof TEXTS;

const SOURCES: Record<EventName, string> = {
  prepareListen: 'prepareListen$',
  prepareConnect: 'prepareConnect$',
  accept: 'accept$',
  connect: 'connect$',
  handshake: 'handshake$',
  receive: 'receive$',
  sent: 'sent$',
  close: 'close$',
  fault: 'faults$',
  dropped: 'dropped$',
  shutdown: 'shutdown$',
};

/** Names of all events. */
export const EVENT_NAMES = Object.keys(TEXTS) as EventName[];
