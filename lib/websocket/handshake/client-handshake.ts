import type { RequestHeadInit } from '../../http/encode/request-head.ts';
import type { HttpField } from '../../http/fields.ts';
import type { ResponseHead } from '../../http/head.ts';
import { isToken } from '../../http/syntax/text.ts';
import type { WsDeflateSettings } from '../deflate/deflate-options.ts';
import {
  type DeflateAgreement,
  PERMESSAGE_DEFLATE,
  acceptDeflate,
  offerDeflate,
} from '../deflate/negotiation.ts';
import { unsendable } from '../ws-error.ts';
import { acceptFor, isKey, newKey } from './accept-key.ts';
import { formatExtensions, parseExtensions } from './extensions.ts';
import { WsHandshakeError, shown } from './handshake-error.ts';
import { has } from './server-handshake.ts';

/** What a client asks for. */
export interface WsClientHandshakeInit {
  /** Host and port of the server, for `Host`. */
  readonly host: string;
  /**
   * Path and query.
   * @default '/'
   */
  readonly target?: string | undefined;
  /**
   * Sub-protocols, the one that is liked best in front: different tokens.
   * @default none
   */
  readonly protocols?: readonly string[] | undefined;
  /** Compress, if the server can; left out, don't. */
  readonly deflate?: WsDeflateSettings | undefined;
  /** More fields, such as Cookie, Origin or Authorization; none of those that the handshake itself has. */
  readonly fields?: Iterable<HttpField> | undefined;
  /**
   * The value of `Sec-WebSocket-Key`; for tests.
   * @default one that nobody can foresee
   */
  readonly key?: string | undefined;
}

/** What has been agreed on. */
export interface WsAgreement {
  readonly protocol: string | undefined;
  /** About compression; `undefined`: there is none. */
  readonly agreement: DeflateAgreement | undefined;
}

/** Fields that the handshake has. */
const OWN = [
  'host',
  'upgrade',
  'connection',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
];

/**
 * The opening handshake of a client (RFC 6455 section 4.1): its request, and the check of the response.
 *
 * @example
 * const handshake = new WsClientHandshake({ host: 'example.org', target: '/chat', protocols: ['v2.chat'] });
 * const { bytes } = encodeRequestHead(handshake.request);
 * const { protocol } = handshake.check(head); // a ResponseHead
 */
export class WsClientHandshake {
  /** The request to be sent. */
  readonly request: RequestHeadInit;
  private readonly key: string;
  private readonly protocols: readonly string[];
  private readonly deflate: WsDeflateSettings | undefined;

  /** @throws WsError `ERR_WS_SEND` for sub-protocols, fields or a key that are illegal. */
  constructor({
    host,
    target = '/',
    protocols = [],
    deflate,
    fields = [],
    key = newKey(),
  }: WsClientHandshakeInit) {
    if (!protocols.every(isToken) || new Set(protocols).size < protocols.length)
      throw unsendable('sub-protocols have to be different tokens');
    if (!isKey(key)) throw unsendable('a key has to be 16 bytes in base64');
    const own: HttpField[] = [
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Key', key],
      ['Sec-WebSocket-Version', '13'],
    ];
    if (protocols.length > 0) own.push(['Sec-WebSocket-Protocol', protocols.join(', ')]);
    if (deflate !== undefined)
      own.push(['Sec-WebSocket-Extensions', formatExtensions([offerDeflate(deflate)])]);
    for (const field of fields) {
      if (OWN.includes(field[0].toLowerCase())) throw unsendable(`${field[0]} belongs to the handshake`);
      own.push(field);
    }
    this.request = { method: 'GET', target, host, fields: own };
    this.key = key;
    this.protocols = protocols;
    this.deflate = deflate;
  }

  /**
   * Checks the response.
   *
   * @throws WsHandshakeError (`ERR_WS_HANDSHAKE`) for a response that is not a 101 to this request. Its `status` is that of
   * the response if it is another than 101.
   */
  check({ status, fields }: ResponseHead): WsAgreement {
    if (status !== 101) throw new WsHandshakeError('status', `it answered ${status}`, status);
    const upgrade = fields.get('upgrade');
    if (upgrade?.toLowerCase() !== 'websocket') throw new WsHandshakeError('upgrade', shown(upgrade), 502);
    const connection = fields.get('connection');
    if (!has(connection, 'upgrade')) throw new WsHandshakeError('connection', shown(connection), 502);
    const accept = fields.get('sec-websocket-accept');
    if (accept !== acceptFor(this.key)) throw new WsHandshakeError('accept', shown(accept));
    return {
      protocol: this.protocolIn(fields.get('sec-websocket-protocol')),
      agreement: this.agreementIn(fields.get('sec-websocket-extensions')),
    };
  }

  /** As browsers do, a client that offered some wants to have one. */
  private protocolIn(value: string | undefined): string | undefined {
    const isWanted = value === undefined ? this.protocols.length === 0 : this.protocols.includes(value);
    if (!isWanted) throw new WsHandshakeError('protocol', shown(value));
    return value;
  }

  private agreementIn(value: string | undefined): DeflateAgreement | undefined {
    const { deflate } = this;
    const extensions = value === undefined ? [] : parseExtensions(value);
    if (extensions === undefined) throw new WsHandshakeError('extensions', shown(value), 502);
    const [extension, second] = extensions;
    if (extension === undefined) return undefined;
    if (deflate === undefined || extension.name !== PERMESSAGE_DEFLATE || second !== undefined)
      throw new WsHandshakeError('extension', shown(value));
    const agreement = acceptDeflate(extension, deflate);
    if (typeof agreement === 'string') throw new WsHandshakeError('extension', agreement);
    return agreement;
  }
}
