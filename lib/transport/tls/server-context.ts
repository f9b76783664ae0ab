import { constants, createHash, hkdfSync } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { type Server, type TLSSocket, type TlsOptions, createServer } from 'node:tls';
import type { LoadedContext } from './tls-context.ts';
import type { ClientCertificate, OcspResponder } from './tls-options.ts';

/** Told how the handshake of one connection goes. */
export interface ServerSeat {
  secured(socket: TLSSocket): void;
  failed(error: unknown, socket: TLSSocket): void;
  readonly wantsKeys: boolean;
  keylog(line: Uint8Array): void;
}

/** What a context needs besides its certificate. */
export interface ServerContextOptions {
  readonly clientCertificate: ClientCertificate;
  readonly tickets: boolean;
  readonly sessionTimeout: number;
  readonly ticketKeys: Uint8Array | undefined;
  readonly ocsp: OcspResponder | undefined;
}

/**
 * One certificate of a server, with the rules and the session keys that go with it. Each has its own keys, so that
 * no session resumes under another name.
 *
 * It is a TLS server of Node that never listens: connections are handed to it by its documented `connection` event.
 */
export class ServerContext {
  readonly clientCertificate: ClientCertificate;
  private readonly server: Server;

  constructor(name: string, loaded: LoadedContext, options: ServerContextOptions) {
    this.clientCertificate = options.clientCertificate;
    this.server = createServer(serverOptions(name, loaded, options));
    const { ocsp } = options;
    if (ocsp !== undefined) this.staple(ocsp);
  }

  /** Begins a handshake. */
  begin(stream: Duplex, seat: ServerSeat): void {
    const { server } = this;
    if (seat.wantsKeys && server.listenerCount('keylog') === 0) server.on('keylog', ignore);
    // The server emits what concerns a connection on the object that the connection was handed to: one of its own for
    // each, so that they can be told apart.
    const own = Object.create(server) as Server;
    own.emit = (event: string, ...about: unknown[]): boolean => {
      if (event === 'secureConnection') seat.secured(about[0] as TLSSocket);
      else if (event === 'tlsClientError') seat.failed(about[0], about[1] as TLSSocket);
      else if (event === 'keylog') seat.keylog(about[0] as Buffer);
      else return EventEmitter.prototype.emit.call(server, event, ...about);
      return true;
    };
    EventEmitter.prototype.emit.call(own, 'connection', stream);
  }

  private staple(ocsp: OcspResponder): void {
    type Answer = (error: Error | null, response?: Buffer | null) => void;
    this.server.on('OCSPRequest', (certificate: Buffer, issuer: Buffer | null, answer: Answer) => {
      // Without a staple the handshake goes on; a client that insists on one ends it.
      void Promise.resolve()
        .then(() => ocsp(certificate, issuer ?? undefined))
        .then((response) => (response instanceof Uint8Array ? Buffer.from(response) : null))
        .catch(() => null)
        .then((response) => answer(null, response));
    });
  }
}

function serverOptions(
  name: string,
  { options, alpn, credentials }: LoadedContext,
  own: ServerContextOptions,
): TlsOptions {
  const { clientCertificate, tickets, sessionTimeout, ticketKeys } = own;
  const scope = scopeOf(name, clientCertificate, credentials.ca);
  return {
    ...options,
    ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
    requestCert: clientCertificate !== 'none',
    rejectUnauthorized: clientCertificate === 'require',
    secureOptions: (options.secureOptions ?? 0) | (tickets ? 0 : constants.SSL_OP_NO_TICKET),
    sessionTimeout,
    sessionIdContext: scope,
    // The timeout of the connection counts; Node's would only tell.
    handshakeTimeout: NEVER,
    ...(ticketKeys === undefined ? {} : { ticketKeys: keysFor(scope, ticketKeys) }),
  };
}

/**
 * Where a session counts: with one name and one opinion about clients. A client is not verified again when it resumes a
 * session, so that one must not outlive the rules that it was let in by, even if the ticket keys do.
 */
function scopeOf(name: string, clientCertificate: ClientCertificate, ca: readonly string[] = []): string {
  const rules = JSON.stringify([name, clientCertificate, ...ca]);
  return createHash('sha256').update(rules).digest('hex').slice(0, 32);
}

/** Keys of one scope, so that its tickets are worth nothing in another. */
function keysFor(scope: string, keys: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', keys, '', `hpsocket-rx tickets of ${scope}`, 48));
}

/** The longest delay of a timer. */
const NEVER = 0x7fff_ffff;

const ignore = () => undefined;
