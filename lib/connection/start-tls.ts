import { check, table } from '../base/options.ts';
import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import type { StartTlsOptions } from './connection.ts';

/** Checks {@link StartTlsOptions}. */
export const checkStartTls = table<StartTlsOptions>({
  early: check<BytesLike | undefined>(undefined, 'bytes', (value) => {
    toBytes(value as BytesLike);
    return true;
  }),
  serverName: check<string | undefined>(
    undefined,
    'a host name',
    (value) => typeof value === 'string' && value !== '' && value.length <= 253,
  ),
});
