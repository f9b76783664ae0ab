import { toText } from '../../bytes/bytes-like.ts';

/** PEM (RFC 7468) as text, or as the bytes of that text. */
export type Pem = string | Uint8Array;

/** One block of PEM. */
export interface PemBlock {
  /** What it is said to be, such as `CERTIFICATE`. */
  readonly label: string;
  /** From its BEGIN to its END line. If the END line is missing, all the rest, which nobody will be able to parse. */
  readonly text: string;
}

/**
 * All blocks of a PEM text, in their order. What stands between them is skipped: comments, a byte order mark, or
 * nothing at all, as where files without a line feed at their end were joined.
 *
 * @example
 * pemBlocks(readFileSync('server.pem')).map(({ label }) => label); // ['CERTIFICATE']
 */
export function pemBlocks(pem: Pem): PemBlock[] {
  const text = typeof pem === 'string' ? pem : toText(pem);
  const begin = /-----BEGIN ([A-Z0-9 ]{1,64})-----/g;
  const blocks: PemBlock[] = [];
  for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
    const label = match[1] as string;
    const end = `-----END ${label}-----`;
    const at = text.indexOf(end, begin.lastIndex);
    const after = at < 0 ? text.length : at + end.length;
    blocks.push({ label, text: `${text.slice(match.index, after)}\n` });
    begin.lastIndex = after;
  }
  return blocks;
}

/** Whether a block is a certificate. */
export function isCertificate({ label }: PemBlock): boolean {
  return /^(?:X509 |TRUSTED )?CERTIFICATE$/.test(label);
}

/** Whether a block is a private key, in the clear or encrypted. */
export function isPrivateKey({ label }: PemBlock): boolean {
  return label.endsWith('PRIVATE KEY');
}

/** Whether a private key is encrypted: as PKCS #8 (RFC 5958), or in the older way with headers (RFC 1421). */
export function isEncrypted({ label, text }: PemBlock): boolean {
  return label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type: *4, *ENCRYPTED/m.test(text);
}

/**
 * Whether the data of an encrypted block seem whole, so that a failure to decrypt them is due to the password. With a
 * wrong one, one attempt in 256 yields something that looks decrypted, and OpenSSL's error is then the same as for
 * damaged data.
 */
export function isWhole({ label, text }: PemBlock): boolean {
  const lines = text.trimEnd().split(/\r?\n/).slice(1, -1);
  const base64 = lines.filter((line) => !line.includes(':')).join('');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) return false;
  const data = Buffer.from(base64, 'base64');
  return label === 'ENCRYPTED PRIVATE KEY' ? isSequence(data) : data.length % 8 === 0;
}

/** Whether data are one DER sequence (X.690 section 8.1) with nothing missing and nothing after it. */
function isSequence(data: Buffer): boolean {
  if (data.length < 2 || data[0] !== 0x30) return false;
  const first = data.readUInt8(1);
  if (first < 0x80) return data.length === 2 + first;
  const digits = first - 0x80;
  if (digits === 0 || digits > 4 || data.length < 2 + digits) return false;
  return data.length === 2 + digits + data.readUIntBE(2, digits);
}
