/**
 * Recordings of connections, as {@link record} writes them and {@link replay} plays them: JSON Lines in UTF-8, one
 * header and then one line for each event, in order.
 *
 * ```
 * {"format":"hpsocket-rx-recording","version":1,"local":{…},"remote":{…},"at":"2026-03-01T10:00:00.000Z"}
 * {"t":12.5,"in":"aGVsbG8="}           received: one chunk as it came, in base64
 * {"t":13,"out":"aGVsbG8="}            sent: one piece as the system took it, in base64
 * {"t":20,"end":"in"}                  the peer's FIN
 * {"t":20,"end":"out"}                 our FIN
 * {"t":21,"close":{"reason":"peer"}}   the connection has ended; with "code" if there was an error
 * {"t":21,"stopped":"maxBytes"}        instead: the recording was stopped, by its limit or on "request"
 * ```
 *
 * - `t` is milliseconds since the recording began; it never becomes less.
 * - `local` and `remote` are addresses, `{"family":"IPv4","host":"127.0.0.1","port":5555}` or
 *   `{"family":"unix","path":"/tmp/a.sock"}`, and `at` is when the recording began; all three may be missing.
 * - Nothing follows `close` or `stopped`, and no `in` follows the peer's FIN. A file that ends without them is whole too:
 *   the process ended before the connection.
 * - `close.reason` is one of `CLOSE_REASONS`, `close.code` the code of the error.
 * - `version` 1 is exactly this. A reader of version 1 skips what it does not know in versions from 1 to below 2, and
 *   refuses any other version.
 */
import { readFileSync } from 'node:fs';
import type { CloseReason } from '../connection/closed.ts';
import type { Address } from '../transport/address.ts';
import { RECORDING_FORMAT, parseLines } from './recording-parser.ts';

/** @internal The version that is written. */
export const RECORDING_VERSION = 1;

/** One event of a recording; `t` is milliseconds since the recording began. */
export type RecordedEvent =
  | { readonly type: 'in'; readonly t: number; readonly bytes: Uint8Array }
  | { readonly type: 'out'; readonly t: number; readonly bytes: Uint8Array }
  /** A FIN: the peer's (`in`) or ours (`out`). */
  | { readonly type: 'end'; readonly t: number; readonly direction: 'in' | 'out' }
  | {
      readonly type: 'close';
      readonly t: number;
      readonly reason: CloseReason;
      readonly code: string | undefined;
    }
  /** The recording ended before the connection did. */
  | { readonly type: 'stopped'; readonly t: number; readonly by: 'maxBytes' | 'request' };

/** The first line of a recording. */
export interface RecordingHeader {
  /** 1 to below 2. */
  readonly version: number;
  readonly local: Address | undefined;
  readonly remote: Address | undefined;
  /** When the recording began: a time as `Date.toISOString` writes it. */
  readonly at: string | undefined;
}

/** A recording that has been read. */
export interface Recording extends RecordingHeader {
  readonly events: readonly RecordedEvent[];
}

/**
 * Reads the text of a recording.
 *
 * @throws RecordingError for anything that is not as the format says, with the number of the line.
 *
 * @example
 * const { events } = parseRecording(lines.join('\n'));
 */
export function parseRecording(text: string): Recording {
  return parseLines(text);
}

/**
 * Reads a recording from a file, as a whole.
 *
 * @throws RecordingError as {@link parseRecording} does, and the error of the system when the file cannot be read.
 */
export function readRecording(path: string | URL): Recording {
  return parseRecording(readFileSync(path, 'utf8'));
}

/** A recording as text; what {@link parseRecording} reads. For recordings that were shortened or made by hand. */
export function formatRecording({ events, ...header }: Recording): string {
  return [headerLine(header), ...events.map(eventLine), ''].join('\n');
}

/** @internal The first line. */
export function headerLine({ version, local, remote, at }: RecordingHeader): string {
  return JSON.stringify({ format: RECORDING_FORMAT, version, local, remote, at });
}

/** @internal The line of an event. */
export function eventLine(event: RecordedEvent): string {
  const { t } = event;
  switch (event.type) {
    case 'in':
    case 'out':
      return JSON.stringify({ t, [event.type]: base64Of(event.bytes) });
    case 'end':
      return JSON.stringify({ t, end: event.direction });
    case 'close':
      return JSON.stringify({ t, close: { reason: event.reason, code: event.code } });
    case 'stopped':
      return JSON.stringify({ t, stopped: event.by });
  }
}

function base64Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}
