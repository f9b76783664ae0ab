import { endianness } from 'node:os';
import { OptionError } from '../base/errors.ts';

/** Whether this machine keeps the low byte first. Twin of `SYS_IsLittleEndian`. */
export const isLittleEndian: boolean = endianness() === 'LE';

/**
 * The two bytes of a number the other way round. Twin of `SYS_SwapEndian16`.
 *
 * @param value 0 to 65535.
 * @throws OptionError (`ERR_OPTION`) for any other number.
 *
 * @example
 * swapBytes16(0x0102); // 0x0201
 */
export function swapBytes16(value: number): number {
  check(value, 0xffff);
  return ((value & 0xff) << 8) | (value >>> 8);
}

/**
 * The four bytes of a number the other way round. Twin of `SYS_SwapEndian32`.
 *
 * @param value 0 to 4294967295.
 * @throws OptionError (`ERR_OPTION`) for any other number.
 */
export function swapBytes32(value: number): number {
  check(value, 0xffff_ffff);
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

/**
 * The eight bytes of a number the other way round.
 *
 * @param value 0 to 2^64 - 1.
 * @throws OptionError (`ERR_OPTION`) for any other number.
 */
export function swapBytes64(value: bigint): bigint {
  if (typeof value !== 'bigint' || BigInt.asUintN(64, value) !== value) {
    throw new OptionError('value', value, 'a bigint from 0 to 2^64 - 1');
  }
  scratch.setBigUint64(0, value, true);
  return scratch.getBigUint64(0, false);
}

/**
 * A number as a program that takes this machine's byte order reads it from eight bytes of the network, which has the
 * high byte first. Twin of `SYS_HToN64`. A `DataView` or `Buffer` says the byte order itself and needs no such function.
 */
export function hostToNetwork64(value: bigint): bigint {
  const swapped = swapBytes64(value);
  return isLittleEndian ? swapped : value;
}

/** The reverse of {@link hostToNetwork64}, which is the same. Twin of `SYS_NToH64`. */
export function networkToHost64(value: bigint): bigint {
  return hostToNetwork64(value);
}

const scratch = new DataView(new ArrayBuffer(8));

function check(value: number, max: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  throw new OptionError('value', value, `an integer from 0 to ${max}`);
}
