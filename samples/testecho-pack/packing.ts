import { type Option, integer } from '../support/arguments.ts';

/** A flag of packets; also hexadecimal, as the original writes it. */
const packetFlag: Option<number> = {
  placeholder: 'N',
  read: (given = '0') => {
    const value = /^(\d+|0x[\da-f]+)$/i.test(given) ? Number(given) : NaN;
    if (value <= 1023) return value;
    throw new Error('an integer from 0 to 1023, decimal or hexadecimal such as 0x169');
  },
};

/** What both sides have to agree on: the flag of their packets (0 takes any), and the most bytes a body may have. */
export const packing = { flag: packetFlag, max: integer(262_144, 1, 4_194_303) };
