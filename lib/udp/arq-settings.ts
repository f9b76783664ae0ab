import { type ArqOptions, type ArqSettings, arqSettings } from '../arq/arq-options.ts';
import type { Check } from '../base/options.ts';
import type { MessageLimit } from '../connection/datagram-connection.ts';
import type { SchedulerLike } from 'rxjs';
import { ArqHandshaker } from './arq-handshaker.ts';
import type { UdpSettings } from './udp-options.ts';

/** What components of reliable UDP have in addition. */
export interface WithArq {
  /** @default see {@link ArqOptions} */
  readonly arq?: ArqOptions;
}

/** Check of {@link WithArq}; what depends on `maxDatagramSize` is checked by {@link arqParts}. */
export const arqChecks: { readonly arq: Check<ArqOptions | undefined> } = {
  arq: Object.assign((value: unknown) => value as ArqOptions, { fallback: undefined }),
};

/** What a component of reliable UDP is made of. */
export interface ArqParts<Settings> {
  readonly settings: Settings;
  readonly limit: MessageLimit;
  readonly handshaker: ArqHandshaker;
}

/**
 * Works out the parts of a component. The handshake has a timeout of its own, `arq.handshakeTimeout`.
 *
 * @throws OptionError (`ERR_OPTION`)
 */
export function arqParts<Settings extends UdpSettings & { readonly arq: ArqOptions | undefined }>(
  given: Settings,
): ArqParts<Settings> {
  const arq: ArqSettings = arqSettings(given.arq, given.maxDatagramSize, 'arq.');
  const scheduler: SchedulerLike = given.scheduler;
  return {
    settings: { ...given, timeouts: { ...given.timeouts, handshake: 0 } },
    limit: { most: arq.maxMessageSize, option: 'arq.maxMessageSize' },
    handshaker: new ArqHandshaker(arq, scheduler),
  };
}
