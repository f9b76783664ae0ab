import { isArrayBuffer } from 'node:util/types';
import { OptionError } from '../base/errors.ts';
import { anything, oneOf, table } from '../base/options.ts';
import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';

/**
 * Whose the bytes of a socket task are; twin of `EnTaskBufferType`.
 *
 * - `copy` (`TBT_COPY`): the task gets a copy, made at once; the caller does with its own what it likes.
 * - `refer` (`TBT_REFER`): nothing is copied before the task begins; the caller must not change the bytes until then.
 *   Memory that is shared (`SharedArrayBuffer`) is never copied: the task sees, and changes, the very bytes.
 * - `transfer` (`TBT_ATTACH`): the memory moves to the task, and the caller cannot use it any more. Bytes that are only
 *   part of some memory, as small Buffers and chunks of a socket mostly are, are copied as with `copy`, since the rest of
 *   it belongs to somebody.
 */
export type TaskBuffer = 'copy' | 'refer' | 'transfer';

/** Options of {@link socketTask}. */
export interface SocketTaskOptions {
  /** @default 'copy' */
  readonly buffer?: TaskBuffer;
  /** Anything that can be copied to a thread, for the function. */
  readonly wParam?: unknown;
  /** As `wParam`. */
  readonly lParam?: unknown;
}

const checkOptions = table<SocketTaskOptions>({
  buffer: oneOf<TaskBuffer>(['copy', 'refer', 'transfer'], 'copy'),
  wParam: anything(),
  lParam: anything(),
});

/** What the function of a socket task is given. */
export interface SocketTaskData {
  /** Id of the connection that the bytes belong to, so that the result can be sent on it. */
  readonly connectionId: number;
  readonly data: Uint8Array;
  readonly wParam: unknown;
  readonly lParam: unknown;
}

/** An argument for tasks that work on what a connection has received; made by {@link socketTask}. */
export class SocketTask implements SocketTaskData {
  readonly connectionId: number;
  readonly data: Uint8Array;
  readonly wParam: unknown;
  readonly lParam: unknown;
  /** @internal Whether the memory may be moved away. */
  readonly isOwner: boolean;

  /** @internal Use {@link socketTask}. */
  constructor(connectionId: number, data: Uint8Array, settings: Required<SocketTaskOptions>) {
    this.connectionId = connectionId;
    const { buffer } = settings;
    const isAlone = isArrayBuffer(data.buffer) && data.length === data.buffer.byteLength;
    const copies = buffer === 'copy' || (buffer === 'transfer' && !isAlone);
    this.data = copies ? Uint8Array.from(data) : data;
    this.isOwner = buffer !== 'refer';
    this.wParam = settings.wParam;
    this.lParam = settings.lParam;
  }
}

/**
 * Bytes and where they came from, as the argument of a task; twin of `HP_Create_SocketTaskObj`. The sender cannot go to
 * another thread, so the answer is sent here, with the result of the task. There is nothing to destroy.
 *
 * @param connection A connection, or its id.
 * @param data A text is taken as UTF-8; may be empty.
 * @throws OptionError (`ERR_OPTION`) for illegal arguments.
 *
 * @example
 * server.receive$.subscribe(async ({ connection, data }) => {
 *   connection.send(await pool.submit(answer, socketTask(connection, data)));
 * });
 */
export function socketTask(
  connection: number | { readonly id: number },
  data: BytesLike = EMPTY,
  options?: SocketTaskOptions,
): SocketTask {
  const id: unknown = typeof connection === 'object' ? connection.id : connection;
  if (typeof id !== 'number') throw new OptionError('connection', connection, 'a connection or its id');
  return new SocketTask(id, toBytes(data), checkOptions(options));
}

const EMPTY = new Uint8Array(0);
