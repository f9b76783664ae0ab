import { OptionError } from '../base/errors.ts';
import { MAX_TIMER, check, flag, integer, oneOf, table } from '../base/options.ts';
import { MAX_FRAGMENTS, SEGMENT_HEADER } from './segment.ts';

/** Options of reliable UDP; twins of the setters of HP-Socket's `IArqSocket`, with its defaults. */
export interface ArqOptions {
  /**
   * Waits less before a segment is sent again: without the eighth on top at first, and each time by half longer
   * instead of twice as long. Twin of `SetNoDelay`.
   * @default false
   */
  readonly noDelay?: boolean;
  /**
   * Sends fewer segments at once when some are lost. Twin of `SetTurnoffCongestCtrl`, the other way round.
   * @default true
   */
  readonly congestionControl?: boolean;
  /**
   * Milliseconds between two looks at what has to be sent again. 1 to 5000; less than 10 is taken as 10. New data and
   * acknowledgements do not wait for it. Twin of `SetFlushInterval`.
   * @default 60
   */
  readonly flushInterval?: number;
  /**
   * Sends a segment again, without waiting, as soon as so many datagrams acknowledged later ones; 0: never. Twin of
   * `SetResendByAcks`.
   * @default 0
   */
  readonly resendByAcks?: number;
  /**
   * Segments that may be under way. 1 to 65535. Twin of `SetSendWndSize`.
   * @default 128
   */
  readonly sendWindow?: number;
  /**
   * Segments that there is room for, and that the peer is told. 1 to 65535; less than 128 is taken as 128, so that
   * every message fits. Twin of `SetRecvWndSize`.
   * @default 512
   */
  readonly receiveWindow?: number;
  /**
   * Fewest milliseconds until a segment is sent again. 1 to 60000. Twin of `SetMinRto`.
   * @default 30
   */
  readonly minRto?: number;
  /**
   * How often a segment may have been sent for `resendByAcks` to send it again; 0 is no limit. Twin of
   * `SetFastLimit`.
   * @default 5
   */
  readonly fastLimit?: number;
  /**
   * Longest datagram that is made, in bytes. 72 to 65536 and no more than the longest datagram of the socket, which 0
   * stands for (65507 at the most, since UDP carries no more). Twin of `SetMaxTransUnit`.
   * @default 0
   */
  readonly maxTransUnit?: number;
  /**
   * Longest message, in bytes, of both directions; a peer that sends a longer one is dropped, so both sides need the
   * same. 1 to less than 127 times (`maxTransUnit` - 24). Twin of `SetMaxMessageSize`.
   * @default 4096
   */
  readonly maxMessageSize?: number;
  /**
   * Milliseconds that the handshake may take, more than twice `minRto`. Twin of `SetHandShakeTimeout`.
   * @default 5000
   */
  readonly handshakeTimeout?: number;
  /**
   * What becomes of a datagram that nobody can read. Anybody can send one in the name of the peer, so it is dropped;
   * with `close` it ends the session, as in the original.
   * @default 'drop'
   */
  readonly malformed?: 'drop' | 'close';
}

/** Options that have been checked: every one is there, as it is used. */
export type ArqSettings = { readonly [Name in keyof ArqOptions]-?: Exclude<ArqOptions[Name], undefined> };

/** Longest datagram of a socket, in bytes, unless it is said otherwise; twin of `SetMaxDatagramSize`. */
export const MAX_DATAGRAM_SIZE = 1432;

const MIN_FLUSH_INTERVAL = 10;
const MIN_TRANS_UNIT = 72;
const MAX_TRANS_UNIT = 65_536;
/** What IPv4 leaves of 65535 bytes. */
const MOST_OF_UDP = 65_507;

const checkOptions = table<ArqOptions>({
  noDelay: flag(false),
  congestionControl: flag(true),
  flushInterval: integer({ min: 1, max: 5000, fallback: 60 }),
  resendByAcks: integer({ min: 0, max: 0x7fff_ffff, fallback: 0 }),
  sendWindow: integer({ min: 1, max: 0xffff, fallback: 128 }),
  receiveWindow: integer({ min: 1, max: 0xffff, fallback: 512 }),
  minRto: integer({ min: 1, max: 60_000, fallback: 30 }),
  fastLimit: integer({ min: 0, max: 0x7fff_ffff, fallback: 5 }),
  maxTransUnit: check(0, '0 (that of the socket) or an integer from 72 to 65536', isTransUnit),
  maxMessageSize: integer({ min: 1, max: 0x7fff_ffff, fallback: 4096 }),
  handshakeTimeout: integer({ min: 1, max: MAX_TIMER, fallback: 5000 }),
  malformed: oneOf<'drop' | 'close'>(['drop', 'close'], 'drop'),
});

/**
 * Checks options and works out what is used.
 *
 * @param maxDatagramSize Longest datagram of the socket, in bytes.
 * @param prefix In front of the names in errors, such as `arq.`.
 * @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name.
 */
export function arqSettings(
  options?: ArqOptions,
  maxDatagramSize = MAX_DATAGRAM_SIZE,
  prefix = '',
): ArqSettings {
  const given = checkOptions(options, prefix) as ArqSettings;
  if (maxDatagramSize < MIN_TRANS_UNIT) {
    throw new OptionError('maxDatagramSize', maxDatagramSize, `at least ${MIN_TRANS_UNIT} for reliable UDP`);
  }
  const maxTransUnit = given.maxTransUnit || Math.min(maxDatagramSize, MOST_OF_UDP);
  const refuse = (name: keyof ArqOptions, expected: string) =>
    new OptionError(prefix + name, given[name], expected);
  if (maxTransUnit > maxDatagramSize) {
    throw refuse('maxTransUnit', `no more than the longest datagram, which is ${maxDatagramSize}`);
  }
  const limit = (MAX_FRAGMENTS - 1) * (maxTransUnit - SEGMENT_HEADER);
  if (given.maxMessageSize >= limit) {
    throw refuse('maxMessageSize', `less than ${limit} with datagrams of ${maxTransUnit} bytes`);
  }
  if (given.handshakeTimeout <= 2 * given.minRto) {
    throw refuse('handshakeTimeout', `more than twice minRto, which is ${given.minRto}`);
  }
  return {
    ...given,
    maxTransUnit,
    flushInterval: Math.max(given.flushInterval, MIN_FLUSH_INTERVAL),
    receiveWindow: Math.max(given.receiveWindow, MAX_FRAGMENTS),
  };
}

function isTransUnit(value: unknown): boolean {
  if (value === 0) return true;
  return (
    Number.isInteger(value) && (value as number) >= MIN_TRANS_UNIT && (value as number) <= MAX_TRANS_UNIT
  );
}
