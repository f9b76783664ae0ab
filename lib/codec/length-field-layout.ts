import type { LengthFormat } from './length-value.ts';

/** Where the length is in a frame and what it counts; the options of `lengthField`, checked. */
export interface LengthFieldLayout {
  /** Bytes in front of the field. */
  readonly offset: number;
  readonly format: LengthFormat;
  readonly adjustment: number;
  readonly includesHeader: boolean;
  /** Bytes taken off the front of a frame; `undefined` stands for the whole header, however long it is. */
  readonly strip: number | undefined;
  readonly maxLength: number;
}

/** Bytes behind the header that a length announces. */
export function restOf(layout: LengthFieldLayout, value: number, header: number): number {
  return value + layout.adjustment - (layout.includesHeader ? header : 0);
}

/** The length that announces `rest` bytes behind a header; the inverse of {@link restOf}. */
export function valueFor(layout: LengthFieldLayout, rest: number, header: number): number {
  return rest - layout.adjustment + (layout.includesHeader ? header : 0);
}
