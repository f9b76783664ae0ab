import type { HttpClock } from '../date.ts';
import type { FieldFacts } from './field-facts.ts';
import { latin1 } from './put.ts';

/** What is said about the connection: nothing, that it ends, or that it goes on. */
export const SILENT = 0;
export const CLOSE = 1;
export const KEEP_ALIVE = 2;
export type ConnectionLine = typeof SILENT | typeof CLOSE | typeof KEEP_ALIVE;

const LINES = ['', 'Connection: close\r\n', 'Connection: keep-alive\r\n'] as const;

const UNDATED = LINES.map((line) => latin1(`${line}\r\n`)) as [Uint8Array, Uint8Array, Uint8Array];

/**
 * What is to be added about the connection: nothing where the fields say it, or where it goes without saying.
 *
 * @param old HTTP/1.0 is spoken, where keeping a connection has to be agreed.
 */
export function connectionLine(closes: boolean, facts: FieldFacts, old: boolean): ConnectionLine {
  if (closes) return facts.close ? SILENT : CLOSE;
  return old && !facts.keepAlive ? KEEP_ALIVE : SILENT;
}

/** The end of a head without `Date`: what is added about the connection, and the empty line. */
export function undatedEnding(connection: ConnectionLine): Uint8Array {
  return UNDATED[connection];
}

/** The ends of heads with `Date`. They last for a second. */
export class DatedEndings {
  private readonly clock: HttpClock;
  private date = '';
  private endings: (Uint8Array | undefined)[] = [];

  constructor(clock: HttpClock) {
    this.clock = clock;
  }

  /** The end of a head that is made now. */
  get(connection: ConnectionLine): Uint8Array {
    const date = this.clock.text();
    if (date !== this.date) {
      this.date = date;
      this.endings = [undefined, undefined, undefined];
    }
    return (this.endings[connection] ??= latin1(`${LINES[connection]}Date: ${date}\r\n\r\n`));
  }
}
