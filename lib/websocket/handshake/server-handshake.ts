import type { HttpField } from '../../http/fields.ts';
import type { RequestHead } from '../../http/head.ts';
import { isToken, listOf } from '../../http/syntax/text.ts';
import type { WsDeflateSettings } from '../deflate/deflate-options.ts';
import { type DeflateAgreement, answerDeflate } from '../deflate/negotiation.ts';
import { acceptFor, isKey } from './accept-key.ts';
import { type WsExtension, formatExtensions, parseExtensions } from './extensions.ts';
import { WsHandshakeError, shown } from './handshake-error.ts';

/** A request for a WebSocket, which has been checked. */
export interface WsUpgradeRequest {
  readonly head: RequestHead;
  readonly key: string;
  /** The sub-protocols that the client speaks, in the order in which it likes them. */
  readonly protocols: readonly string[];
  /** The extensions that it knows, in the same order. */
  readonly extensions: readonly WsExtension[];
  /** Where the page comes from that asks; `undefined`: it is no browser. */
  readonly origin: string | undefined;
}

/** What a server answers a request for a WebSocket with. */
export interface WsUpgradeAnswer {
  /** One of the sub-protocols of the request; left out, none. */
  readonly protocol?: string | undefined;
  /** Compress, if the client can; left out, don't. */
  readonly deflate?: WsDeflateSettings | undefined;
  /** More fields, such as Set-Cookie. */
  readonly fields?: Iterable<HttpField> | undefined;
}

/** A response 101, and what it means. */
export interface WsUpgradeResponse {
  readonly fields: readonly HttpField[];
  readonly protocol: string | undefined;
  /** What was agreed on about compression; `undefined`: there is none. */
  readonly agreement: DeflateAgreement | undefined;
}

/**
 * Checks a request for a WebSocket (RFC 6455 section 4.2.1).
 *
 * @throws WsHandshakeError (`ERR_WS_HANDSHAKE`) with the status, and the fields, that it is to be answered with.
 *
 * @example
 * const request = readUpgrade(exchange.head);
 * const protocol = chooseProtocol(request.protocols, ['v2.chat', 'v1.chat']);
 * const { fields } = answerUpgrade(request, { protocol });
 * exchange.upgrade({ status: 101, fields });
 */
export function readUpgrade(head: RequestHead): WsUpgradeRequest {
  const { method, minorVersion, contentLength = 0, chunked, fields } = head;
  if (method !== 'GET') throw new WsHandshakeError('method', method);
  if (minorVersion !== 1) throw new WsHandshakeError('http-version', `it is 1.${minorVersion}`);
  const upgrade = fields.get('upgrade');
  if (!has(upgrade, 'websocket')) throw new WsHandshakeError('upgrade', shown(upgrade));
  const connection = fields.get('connection');
  if (!has(connection, 'upgrade')) throw new WsHandshakeError('connection', shown(connection));
  const version = fields.get('sec-websocket-version');
  if (version !== '13') throw new WsHandshakeError('version', shown(version));
  // Several would have been joined to what is no key.
  const key = fields.get('sec-websocket-key');
  if (key === undefined || !isKey(key)) throw new WsHandshakeError('key', shown(key));
  if (contentLength > 0 || chunked) throw new WsHandshakeError('content');
  return {
    head,
    key,
    protocols: protocolsIn(fields.get('sec-websocket-protocol')),
    extensions: extensionsIn(fields.get('sec-websocket-extensions')),
    origin: fields.get('origin'),
  };
}

/** The first of the offered sub-protocols that is among the supported ones; `undefined` if there is none. */
export function chooseProtocol(offered: readonly string[], supported: readonly string[]): string | undefined {
  return offered.find((protocol) => supported.includes(protocol));
}

/**
 * Makes the fields of the response 101 (RFC 6455 section 4.2.2), and tells what has been agreed on with it.
 *
 * @throws WsHandshakeError for a sub-protocol that the client did not offer.
 */
export function answerUpgrade(request: WsUpgradeRequest, answer: WsUpgradeAnswer = {}): WsUpgradeResponse {
  const { protocol, deflate } = answer;
  const fields: HttpField[] = [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', acceptFor(request.key)],
  ];
  if (protocol !== undefined) {
    if (!request.protocols.includes(protocol))
      throw new WsHandshakeError('protocol', shown(protocol), undefined, 'send');
    fields.push(['Sec-WebSocket-Protocol', protocol]);
  }
  const compression = deflate === undefined ? undefined : answerDeflate(request.extensions, deflate);
  if (compression !== undefined)
    fields.push(['Sec-WebSocket-Extensions', formatExtensions([compression.extension])]);
  if (answer.fields !== undefined) fields.push(...answer.fields);
  return { fields, protocol, agreement: compression?.agreement };
}

/** Whether a list has an element, in whatever case. */
export function has(list: string | undefined, element: string): boolean {
  return list !== undefined && listOf(list).some((item) => item.toLowerCase() === element);
}

function protocolsIn(value: string | undefined): string[] {
  if (value === undefined) return [];
  const protocols = listOf(value);
  const isLegal =
    protocols.length > 0 && protocols.every(isToken) && new Set(protocols).size === protocols.length;
  if (!isLegal) throw new WsHandshakeError('protocols', shown(value));
  return protocols;
}

function extensionsIn(value: string | undefined): WsExtension[] {
  const extensions = value === undefined ? [] : parseExtensions(value);
  if (extensions === undefined) throw new WsHandshakeError('extensions', shown(value));
  return extensions;
}
