import { badHello } from './hello-faults.ts';

/** What a client says before anything is encrypted, as far as it matters for the choice of a certificate. */
export interface ClientHello {
  /**
   * Host that the client wants, in lower case and without a dot at the end: 1 to 255 printable ASCII characters.
   * `undefined` if it names none.
   */
  readonly serverName: string | undefined;
  /**
   * Protocols that the client offers, those it prefers first, such as `['h2', 'http/1.1']`; empty if it offers none.
   * A byte that is not ASCII is the character of the same number.
   */
  readonly alpn: readonly string[];
}

/** Numbers of the extensions that are read. */
const SERVER_NAME = 0;
const ALPN = 16;

/** The only kind of name there is in {@link SERVER_NAME}. */
const HOST_NAME = 0;

/**
 * Reads the body of a ClientHello (RFC 8446, 4.1.2).
 *
 * ```text
 * | version | random | session id | cipher suites | compression | extensions, or nothing at all |
 * |    2    |   32   | 1 + 0..32  |    2 + 2..    |   1 + 1..   |  2 + (type 2, length 2, ...)* |
 * ```
 *
 * @throws TlsError `ERR_TLS_HANDSHAKE` when lengths do not add up, or a name or protocol is illegal.
 */
export function parseHello(body: Buffer): ClientHello {
  const fields = new Fields(body, 'hello');
  fields.skip(2 + 32);
  fields.block(1, 'session id', { max: 32 });
  const ciphers = fields.block(2, 'list of cipher suites', { min: 2 });
  if (ciphers.left % 2 !== 0)
    throw badHello(`its list of cipher suites has ${ciphers.left} bytes, not two for each`);
  fields.block(1, 'list of compression methods', { min: 1 });
  if (fields.left === 0) return { serverName: undefined, alpn: [] }; // older than extensions
  const extensions = fields.block(2, 'list of extensions');
  fields.end();
  return parseExtensions(extensions);
}

function parseExtensions(extensions: Fields): ClientHello {
  let serverName: string | undefined;
  let alpn: string[] | undefined;
  while (extensions.left > 0) {
    const type = extensions.number(2);
    const content = extensions.block(2, `extension of type ${type}`);
    if (type === SERVER_NAME) {
      if (serverName !== undefined) throw badHello('it has several lists of server names');
      serverName = parseServerNames(content);
    } else if (type === ALPN) {
      if (alpn !== undefined) throw badHello('it has several lists of protocols');
      alpn = parseProtocols(content);
    }
  }
  return { serverName, alpn: alpn ?? [] };
}

/** RFC 6066, 3: a list with one host name, and perhaps names of kinds that nobody has defined yet. */
function parseServerNames(extension: Fields): string {
  const names = extension.block(2, 'list of server names', { min: 1 });
  extension.end();
  let serverName: string | undefined;
  while (names.left > 0) {
    const kind = names.number(1);
    const name = names.block(2, 'server name', { min: 1, max: 255 });
    if (kind !== HOST_NAME) continue;
    if (serverName !== undefined) throw badHello('it has several host names');
    serverName = hostName(name.text());
  }
  if (serverName === undefined) throw badHello('its list of server names has no host name');
  return serverName;
}

function hostName(text: string): string {
  if (!/^[\x21-\x7e]+$/.test(text) || text === '.')
    throw badHello(`its server name of ${text.length} bytes is no host name`);
  return (text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase();
}

/** RFC 7301, 3.1. */
function parseProtocols(extension: Fields): string[] {
  const list = extension.block(2, 'list of protocols', { min: 2 });
  extension.end();
  const protocols: string[] = [];
  while (list.left > 0) protocols.push(list.block(1, 'name of a protocol', { min: 1 }).text());
  return protocols;
}

/** A part of the hello that is read from its beginning to its end. */
class Fields {
  private readonly bytes: Buffer;
  private readonly name: string;
  private at = 0;

  /** @param name What it is, for the error. */
  constructor(bytes: Buffer, name: string) {
    this.bytes = bytes;
    this.name = name;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  skip(count: number): void {
    if (count > this.left)
      throw badHello(`its ${this.name} should go on for ${count} bytes, but ${this.left} are left`);
    this.at += count;
  }

  /** A number of `width` bytes. */
  number(width: number): number {
    this.skip(width);
    return this.bytes.readUIntBE(this.at - width, width);
  }

  /** A length of `width` bytes, and so many bytes. */
  block(width: number, name: string, { min = 0, max = Infinity } = {}): Fields {
    const length = this.number(width);
    if (length < min) throw badHello(`its ${name} has ${length} bytes, at least ${min} are needed`);
    if (length > max) throw badHello(`its ${name} has ${length} bytes, at most ${max} are allowed`);
    this.skip(length);
    return new Fields(this.bytes.subarray(this.at - length, this.at), name);
  }

  /** Everything, a character for each byte. */
  text(): string {
    return this.bytes.toString('latin1');
  }

  /** @throws TlsError if something is left. */
  end(): void {
    if (this.left > 0) throw badHello(`${this.left} bytes are left behind the end of its ${this.name}`);
  }
}
