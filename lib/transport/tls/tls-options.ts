import { OptionError } from '../../base/errors.ts';
import {
  type Check,
  type Checks,
  type Resolved,
  callback,
  check,
  flag,
  integer,
  oneOf,
  table,
} from '../../base/options.ts';
import { type TlsContextOptions, contextChecks } from './tls-context.ts';

/**
 * What a server wants to see of its clients.
 *
 * - `none`: nothing (`SSL_VM_NONE`).
 * - `inspect`: a certificate is asked for, and anybody is let in; `connection.tls` says what there is.
 * - `verify`: a certificate is asked for; who has a bad one is refused, who has none is let in (`SSL_VM_PEER`).
 * - `require`: who has no good certificate is refused (`SSL_VM_PEER | SSL_VM_FAIL_IF_NO_PEER_CERT`).
 *
 * It is asked for once per connection, as with `SSL_VM_CLIENT_ONCE`, since renegotiation is refused.
 */
export type ClientCertificate = 'none' | 'inspect' | 'verify' | 'require';

/** Options of one server name. Everything that is left out is as for the server itself, but not its certificate. */
export interface TlsNameOptions extends TlsContextOptions {
  /** @default as for the server */
  readonly clientCertificate?: ClientCertificate | undefined;
}

/**
 * Which certificate answers a client: that of a pattern in `names`, or the default one; `refuse` ends the handshake
 * with the alert `unrecognized_name`. `undefined` leaves it to the rules.
 */
export type ServerNameAnswer = { readonly use: string } | 'default' | 'refuse' | undefined;

/** Gives the answer about revocation that is sent along (RFC 6066 section 8): DER, or nothing. */
export type OcspResponder = (
  certificate: Uint8Array,
  issuer: Uint8Array | undefined,
) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

/** Option `tls` of a server: the server is the SSL server. Twin of `SetupSSLContext` (guide chapter 3.4). */
export interface TlsServerOptions extends TlsContextOptions {
  /**
   * What is wanted of clients.
   * @default 'none'
   */
  readonly clientCertificate?: ClientCertificate;
  /**
   * Certificates by server name (SNI): `example.org`, or `*.example.org` for exactly one label in place of the star.
   * Twin of `AddSSLContext` and `BindSSLServerName`.
   * @default none
   */
  readonly names?: Readonly<Record<string, TlsNameOptions>> | undefined;
  /**
   * Whether a name also answers for all names below it that have no certificate of their own, as the original does.
   * @default true
   */
  readonly matchSubdomains?: boolean;
  /** Decides about every server name before the rules do; may take its time. One that fails refuses. */
  readonly onServerName?: ((name: string) => ServerNameAnswer | Promise<ServerNameAnswer>) | undefined;
  /**
   * Whether the handshake begins when a connection is accepted (`auto`), or when `connection.startTls()` is called
   * (`manual`): until then the connection carries plain bytes. Twin of `SetSSLAutoHandShake`.
   * @default 'auto'
   */
  readonly handshake?: 'auto' | 'manual';
  /**
   * Whether clients that do not speak TLS are served plain on the same port; they have to speak first. Such a
   * connection has no `tls`.
   * @default false
   */
  readonly allowPlain?: boolean;
  /**
   * Whether clients are given tickets to resume their session with.
   * @default true
   */
  readonly tickets?: boolean;
  /**
   * Seconds that a session can be resumed. 1 to 604800.
   * @default 300
   */
  readonly sessionTimeout?: number;
  /**
   * 48 bytes that protect the tickets, for several processes that resume each other's sessions. They have to agree in
   * `names`, `clientCertificate` and authorities too: a session never resumes under another server name or other rules
   * for clients.
   * @default random ones
   */
  readonly ticketKeys?: Uint8Array | undefined;
  /** Asked for what to staple, when a client wants it. */
  readonly ocsp?: OcspResponder | undefined;
  /**
   * Whether the files are watched and loaded anew when they change. Certificates that cannot be used are a fault, and
   * those before stay.
   * @default false
   */
  readonly watch?: boolean;
}

/** How a client verifies its server; see {@link TlsClientOptions.verify}. */
export type VerifyServer = 'chain-and-host' | 'chain' | 'insecure-none';

/** Option `tls` of an agent or client: they are the SSL agent and client. */
export interface TlsClientOptions extends TlsContextOptions {
  /**
   * What is verified of the server's certificate: its chain up to a trusted authority, and that it is for the host
   * that was dialled. `chain` leaves the host out, as the original does; `insecure-none` accepts whoever answers.
   * @default 'chain-and-host'
   */
  readonly verify?: VerifyServer;
  /**
   * Name that is asked for (SNI) and verified.
   * @default the host that was dialled
   */
  readonly serverName?: string | undefined;
  /**
   * Whether the handshake begins when the connection is established (`auto`) or when `connection.startTls()` is
   * called (`manual`).
   * @default 'auto'
   */
  readonly handshake?: 'auto' | 'manual';
  /**
   * Whether sessions are remembered and resumed: with the same host, port and server name only.
   * @default true
   */
  readonly resumption?: boolean;
  /**
   * Whether the server is asked for a stapled answer about revocation; see `connection.tls.ocspResponse`.
   * @default false
   */
  readonly requestOcsp?: boolean;
}

const CLIENT_CERTIFICATE = ['none', 'inspect', 'verify', 'require'] as const;
const HANDSHAKE = ['auto', 'manual'] as const;

const serverNameText: Check<string | undefined> = check<string | undefined>(
  undefined,
  'a host name',
  (value) => typeof value === 'string' && value !== '' && value.length <= 253,
);

/** The same check for an option that has its default elsewhere. */
function withoutFallback<T>(test: Check<T>): Check<T> {
  return Object.assign((value: unknown, name: string) => test(value, name), { fallback: undefined as never });
}

/** Checks {@link TlsNameOptions}. */
export const checkName = table<TlsNameOptions>({
  ...contextChecks,
  minVersion: withoutFallback(contextChecks.minVersion),
  maxVersion: withoutFallback(contextChecks.maxVersion),
  clientCertificate: check<ClientCertificate | undefined>(
    undefined,
    "one of 'none', 'inspect', 'verify', 'require'",
    (value) => CLIENT_CERTIFICATE.includes(value as ClientCertificate),
  ),
});

const serverChecks: Checks<TlsServerOptions> = {
  ...contextChecks,
  clientCertificate: oneOf<ClientCertificate>(CLIENT_CERTIFICATE, 'none'),
  names: check<TlsServerOptions['names']>(
    undefined,
    'an object of options by server name',
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  ),
  matchSubdomains: flag(true),
  onServerName: callback<NonNullable<TlsServerOptions['onServerName']>>(),
  handshake: oneOf<'auto' | 'manual'>(HANDSHAKE, 'auto'),
  allowPlain: flag(false),
  tickets: flag(true),
  sessionTimeout: integer({ min: 1, max: 604_800, fallback: 300 }),
  ticketKeys: check<Uint8Array | undefined>(
    undefined,
    '48 bytes',
    (value) => value instanceof Uint8Array && value.length === 48,
  ),
  ocsp: callback<OcspResponder>(),
  watch: flag(false),
};

/** Checks {@link TlsServerOptions}. */
export const checkServer = table<TlsServerOptions>(serverChecks);

/** Checks {@link TlsClientOptions}. */
export const checkClient = table<TlsClientOptions>({
  ...contextChecks,
  verify: oneOf<VerifyServer>(['chain-and-host', 'chain', 'insecure-none'], 'chain-and-host'),
  serverName: serverNameText,
  handshake: oneOf<'auto' | 'manual'>(HANDSHAKE, 'auto'),
  resumption: flag(true),
  requestOcsp: flag(false),
});

/** @throws OptionError when a server has no certificate. */
export function needsCertificate(options: Resolved<TlsContextOptions>, prefix: string): void {
  if (options.cert === undefined && options.certFile === undefined)
    throw new OptionError(`${prefix}cert`, undefined, 'given, or certFile: a server needs a certificate');
}
