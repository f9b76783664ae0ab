import { isArrayBuffer } from 'node:util/types';
import type { Transferable } from 'node:worker_threads';
import { SocketTask } from './socket-task.ts';

/** An argument in the form in which it goes to a thread. */
export interface TaskData {
  readonly argument: unknown;
  readonly transfer: readonly Transferable[];
}

/**
 * Makes an argument ready to go. Chunks of a socket are views of larger memory, and all of that would be copied with
 * them; so such a view is copied by itself, and the copy moved.
 */
export function taskData(argument: unknown, transfer: readonly Transferable[]): TaskData {
  if (argument instanceof SocketTask) return socketData(argument, transfer);
  if (argument instanceof Uint8Array && !transfer.some((item) => item === argument.buffer)) {
    const { bytes, moved } = compact(argument);
    return { argument: bytes, transfer: moved === undefined ? transfer : [...transfer, moved] };
  }
  return { argument, transfer };
}

function socketData(task: SocketTask, transfer: readonly Transferable[]): TaskData {
  const { connectionId, wParam, lParam } = task;
  const own = task.isOwner ? wholeMemory(task.data) : undefined;
  const { bytes, moved } = own === undefined ? compact(task.data) : { bytes: task.data, moved: own };
  return {
    argument: { connectionId, data: bytes, wParam, lParam },
    transfer: moved === undefined ? transfer : [...transfer, moved],
  };
}

/** The bytes without what lies around them; and memory that may be moved, since nobody else has it. */
function compact(bytes: Uint8Array): { bytes: Uint8Array; moved?: ArrayBuffer } {
  const isAlone = bytes.length === bytes.buffer.byteLength;
  if (isAlone || !isArrayBuffer(bytes.buffer)) return { bytes };
  const copy = Uint8Array.from(bytes);
  return { bytes: copy, moved: copy.buffer };
}

/** The memory of bytes that are all there is in it. */
function wholeMemory(bytes: Uint8Array): ArrayBuffer | undefined {
  const { buffer } = bytes;
  return isArrayBuffer(buffer) && buffer.byteLength === bytes.length ? buffer : undefined;
}
