import { type Option, common, flag, integer, messages, text } from '../support/arguments.ts';

/** Whom datagrams reach that are for no single peer. */
export type Mode = 'unicast' | 'multicast' | 'broadcast';

export function modeOf<M extends Mode>(fallback: M, ...others: readonly M[]): Option<M> {
  const modes = [fallback, ...others];
  return {
    placeholder: 'MODE',
    read: (given = fallback) => {
      const mode = modes.find((known) => known === given);
      if (mode !== undefined) return mode;
      throw new Error(`one of ${modes.join(', ')}`);
    },
  };
}

/** What a member of a group and a node have in common. */
export const casting = {
  port: common.port,
  json: common.json,
  address: text('ADDRESS', undefined),
  interface: text('NAME', undefined),
  ttl: integer(1, 0, 255),
  'no-loop': flag,
  ...messages,
};

/** The group that members meet in who were told of no other: one for use within an organisation (RFC 2365). */
const GROUP = '239.255.0.1';

export function castAddressOf(mode: Mode, address: string | undefined): string | undefined {
  return address ?? (mode === 'multicast' ? GROUP : undefined);
}
