import type { NetworkError } from '../base/errors.ts';

/**
 * A unit whose bytes are fetched when there is room for them, such as a file. It keeps its place in the order of
 * sends: what is sent after it waits for its end.
 */
export interface PulledUnit {
  /**
   * The next bytes; `null` at the end; `undefined` when there are none yet, in which case `Outbox.resume` is
   * called once there are.
   */
  pull(): Uint8Array | null | undefined;
  /** The system has taken bytes of this unit; 0 when it has taken all, after {@link pull} said that this is the end. */
  taken(bytes: number): void;
  /** The rest of this unit will never be sent. */
  failed(error: NetworkError): void;
}

/** One piece of bytes, or several that stay together. */
export type BytesUnit = Uint8Array | readonly Uint8Array[];
/** What an outbox accepts. */
export type Unit = BytesUnit | PulledUnit;

/** Whether the bytes of a unit are there. */
export function isBytes(unit: Unit): unit is BytesUnit {
  return unit instanceof Uint8Array || Array.isArray(unit);
}

/** Bytes in a unit. */
export function lengthOf(unit: BytesUnit): number {
  if (unit instanceof Uint8Array) return unit.length;
  let length = 0;
  for (const piece of unit) length += piece.length;
  return length;
}

/** Moves up to `room` bytes of a unit to `pieces`. */
export function takeFrom(
  unit: BytesUnit,
  room: number,
  pieces: Uint8Array[],
): { taken: number; left: BytesUnit | undefined } {
  const parts = unit instanceof Uint8Array ? [unit] : unit;
  let taken = 0;
  for (let i = 0; i < parts.length; i++) {
    const piece = parts[i] as Uint8Array;
    const fitting = room - taken;
    if (piece.length > fitting) {
      if (fitting > 0) pieces.push(piece.subarray(0, fitting));
      return { taken: room, left: [piece.subarray(fitting), ...parts.slice(i + 1)] };
    }
    if (piece.length > 0) pieces.push(piece);
    taken += piece.length;
  }
  return { taken, left: undefined };
}
