import type { WsExtension } from '../handshake/extensions.ts';
import type { WsDeflateSettings } from './deflate-options.ts';

/** Name of the extension (RFC 7692). */
export const PERMESSAGE_DEFLATE = 'permessage-deflate';

const SERVER_ALONE = 'server_no_context_takeover';
const CLIENT_ALONE = 'client_no_context_takeover';
const SERVER_BITS = 'server_max_window_bits';
const CLIENT_BITS = 'client_max_window_bits';

/** What both sides have agreed on. */
export interface DeflateAgreement {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number;
  readonly clientMaxWindowBits: number;
}

/** Parameters of one offer or answer; `true`: the parameter is there without a value. */
interface Parameters {
  serverAlone: boolean;
  clientAlone: boolean;
  serverBits: number | undefined;
  clientBits: number | true | undefined;
}

/** An offer that a server takes: what is agreed on, and how it says so. */
export interface DeflateAnswer {
  readonly agreement: DeflateAgreement;
  readonly extension: WsExtension;
}

/**
 * The answer of a server: to the first offer that is legal (RFC 7692 section 7.1), since they come in the order of what
 * the client likes best. An offer with an unknown, repeated or illegal parameter is passed over.
 *
 * @returns `undefined` if there is none: messages are not compressed then.
 */
export function answerDeflate(
  offers: readonly WsExtension[],
  settings: WsDeflateSettings,
): DeflateAnswer | undefined {
  for (const offer of offers) {
    if (offer.name !== PERMESSAGE_DEFLATE) continue;
    const asked = read(offer, true);
    if (asked !== undefined) return answerTo(asked, settings);
  }
  return undefined;
}

function answerTo(asked: Parameters, settings: WsDeflateSettings): DeflateAnswer {
  const serverAlone = asked.serverAlone || settings.serverNoContextTakeover;
  const clientAlone = asked.clientAlone || settings.clientNoContextTakeover;
  const serverBits = Math.min(asked.serverBits ?? 15, settings.serverMaxWindowBits);
  const limit = typeof asked.clientBits === 'number' ? asked.clientBits : 15;
  // Only a client that mentions it understands it.
  const clientBits = asked.clientBits === undefined ? 15 : Math.min(limit, settings.clientMaxWindowBits);
  const parameters: [string, string | undefined][] = [];
  if (serverAlone) parameters.push([SERVER_ALONE, undefined]);
  if (clientAlone) parameters.push([CLIENT_ALONE, undefined]);
  if (asked.serverBits !== undefined) parameters.push([SERVER_BITS, String(serverBits)]);
  if (clientBits < 15) parameters.push([CLIENT_BITS, String(clientBits)]);
  return {
    agreement: {
      serverNoContextTakeover: serverAlone,
      clientNoContextTakeover: clientAlone,
      serverMaxWindowBits: serverBits,
      clientMaxWindowBits: clientBits,
    },
    extension: { name: PERMESSAGE_DEFLATE, parameters },
  };
}

/** The offer of a client. */
export function offerDeflate(settings: WsDeflateSettings): WsExtension {
  const parameters: [string, string | undefined][] = [];
  if (settings.serverNoContextTakeover) parameters.push([SERVER_ALONE, undefined]);
  if (settings.clientNoContextTakeover) parameters.push([CLIENT_ALONE, undefined]);
  if (settings.serverMaxWindowBits < 15) parameters.push([SERVER_BITS, String(settings.serverMaxWindowBits)]);
  const { clientMaxWindowBits } = settings;
  parameters.push([CLIENT_BITS, clientMaxWindowBits < 15 ? String(clientMaxWindowBits) : undefined]);
  return { name: PERMESSAGE_DEFLATE, parameters };
}

/**
 * What a client has to make of the answer to its offer; or, as a text, what is wrong with it, for which the handshake
 * fails.
 */
export function acceptDeflate(answer: WsExtension, settings: WsDeflateSettings): DeflateAgreement | string {
  const said = read(answer, false);
  if (said === undefined) return 'an unknown, repeated or illegal parameter';
  if (settings.serverNoContextTakeover && !said.serverAlone) return `${SERVER_ALONE} is missing`;
  const { serverMaxWindowBits: asked } = settings;
  if (asked < 15 && said.serverBits === undefined) return `${SERVER_BITS} is missing`;
  const serverBits = said.serverBits ?? 15;
  if (serverBits > asked) return `${SERVER_BITS} is ${serverBits}, ${asked} was asked for`;
  const clientBits = typeof said.clientBits === 'number' ? said.clientBits : 15;
  if (said.clientBits !== undefined && clientBits > settings.clientMaxWindowBits)
    return `${CLIENT_BITS} is ${clientBits}, ${settings.clientMaxWindowBits} was offered`;
  return {
    serverNoContextTakeover: said.serverAlone,
    clientNoContextTakeover: said.clientAlone || settings.clientNoContextTakeover,
    serverMaxWindowBits: serverBits,
    clientMaxWindowBits: Math.min(clientBits, settings.clientMaxWindowBits),
  };
}

/** Only in an offer `client_max_window_bits` may be without a value. */
function read({ parameters }: WsExtension, isOffer: boolean): Parameters | undefined {
  const found: Parameters = {
    serverAlone: false,
    clientAlone: false,
    serverBits: undefined,
    clientBits: undefined,
  };
  const seen = new Set<string>();
  for (const [name, value] of parameters) {
    if (seen.has(name) || !take(found, name, value, isOffer)) return undefined;
    seen.add(name);
  }
  return found;
}

function take(found: Parameters, name: string, value: string | undefined, isOffer: boolean): boolean {
  const bits = value === undefined ? undefined : windowBits(value);
  switch (name) {
    case SERVER_ALONE:
      found.serverAlone = true;
      return value === undefined;
    case CLIENT_ALONE:
      found.clientAlone = true;
      return value === undefined;
    case SERVER_BITS:
      found.serverBits = bits;
      return bits !== undefined;
    case CLIENT_BITS:
      found.clientBits = value === undefined ? true : bits;
      return value === undefined ? isOffer : bits !== undefined;
    default:
      return false;
  }
}

/** 8 to 15, without zeros in front. */
function windowBits(value: string): number | undefined {
  return /^([89]|1[0-5])$/.test(value) ? Number(value) : undefined;
}
