import type { WsRole } from '../opcode.ts';
import type { WsDeflateSettings } from './deflate-options.ts';
import { Deflater } from './deflater.ts';
import { Inflater } from './inflater.ts';
import type { DeflateAgreement } from './negotiation.ts';

/** Both directions of one connection that has agreed on permessage-deflate. */
export interface PerMessageDeflate {
  readonly deflater: Deflater;
  readonly inflater: Inflater;
}

/** Begins with what was agreed on. */
export function perMessageDeflate(
  role: WsRole,
  agreement: DeflateAgreement,
  { threshold, level, memLevel }: WsDeflateSettings,
): PerMessageDeflate {
  const server = {
    windowBits: agreement.serverMaxWindowBits,
    noContextTakeover: agreement.serverNoContextTakeover,
  };
  const client = {
    windowBits: agreement.clientMaxWindowBits,
    noContextTakeover: agreement.clientNoContextTakeover,
  };
  const [own, other] = role === 'server' ? [server, client] : [client, server];
  return { deflater: new Deflater({ ...own, threshold, level, memLevel }), inflater: new Inflater(other) };
}
