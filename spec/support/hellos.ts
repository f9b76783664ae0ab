import { type BytesLike, toBytes } from '../../lib/bytes/bytes-like.ts';

/** What a made hello says. */
export interface HelloParts {
  /** Host names; several are illegal. */
  readonly names?: readonly BytesLike[];
  readonly alpn?: readonly BytesLike[];
  /** Further extensions, in front of the others. */
  readonly extensions?: readonly Uint8Array[];
  /** `false` for a client older than extensions. */
  readonly hasExtensions?: boolean;
  readonly sessionId?: Uint8Array;
  readonly ciphers?: Uint8Array;
  readonly compression?: Uint8Array;
  /** What comes behind the end. */
  readonly behind?: Uint8Array;
}

/** The handshake message of a hello (RFC 8446, 4.1.2), with its header. */
export function helloMessage(parts: HelloParts = {}): Buffer {
  const { names, alpn, extensions = [], hasExtensions = true, behind = '' } = parts;
  const { sessionId = '', ciphers = Uint8Array.of(0x13, 0x01), compression = Uint8Array.of(0) } = parts;
  const list = [...extensions];
  if (names !== undefined) list.push(extension(0, block(2, ...names.map(hostName))));
  if (alpn !== undefined) list.push(extension(16, block(2, ...alpn.map((protocol) => block(1, protocol)))));
  const random = Buffer.alloc(32, 0x5a);
  const fields = [Uint8Array.of(3, 3), random, block(1, sessionId), block(2, ciphers), block(1, compression)];
  if (hasExtensions) fields.push(block(2, ...list));
  return handshake(1, ...fields, behind);
}

/** A handshake message of any type. */
export function handshake(type: number, ...body: BytesLike[]): Buffer {
  return Buffer.concat([Uint8Array.of(type), block(3, ...body)]);
}

/** One entry of an extension `server_name` that is a host name. */
export function hostName(name: BytesLike): Buffer {
  return Buffer.concat([Uint8Array.of(0), block(2, name)]);
}

/** An extension. */
export function extension(type: number, ...content: BytesLike[]): Buffer {
  const bytes = block(2, ...content);
  return Buffer.concat([Uint8Array.of(type >> 8, type & 255), bytes]);
}

/** Bytes with their length, in `width` bytes, in front. */
export function block(width: number, ...content: BytesLike[]): Buffer {
  const body = Buffer.concat(content.map(toBytes));
  const bytes = Buffer.alloc(width + body.length);
  bytes.writeUIntBE(body.length, 0, width);
  body.copy(bytes, width);
  return bytes;
}

/**
 * A message in records, the last as long as what is left.
 *
 * @param sizes How much goes into each record; the last one repeats.
 */
export function inRecords(message: Uint8Array, sizes: readonly number[] = [2 ** 14]): Buffer {
  const records: Uint8Array[] = [];
  for (let at = 0, index = 0; at < message.length; index++) {
    const size = sizes[Math.min(index, sizes.length - 1)]!;
    records.push(Uint8Array.of(22, 3, 1), block(2, message.subarray(at, at + size)));
    at += size;
  }
  return Buffer.concat(records);
}

/** The messages in some records, without the records. */
export function outOfRecords(records: Buffer): Buffer {
  const contents: Buffer[] = [];
  for (let at = 0; at < records.length; at += 5 + records.readUInt16BE(at + 3))
    contents.push(records.subarray(at + 5, at + 5 + records.readUInt16BE(at + 3)));
  return Buffer.concat(contents);
}
