import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { type ConnectionOptions, type TLSSocket, connect } from 'node:tls';
import type { Resolved } from '../../base/options.ts';
import type { Wire } from '../wire.ts';
import type { HandshakePeer, Handshaking, Handshaker, HandshakeHandler } from '../handshaker.ts';
import { type LoadedContext, loadContext } from './tls-context.ts';
import { interrupted, isHangUp, tlsFailure } from './tls-error.ts';
import { tlsInfo } from './tls-info.ts';
import { type TlsClientOptions, checkClient } from './tls-options.ts';
import { TlsWire, streamOf } from './tls-wire.ts';

/** Sessions that a connector remembers; the oldest ones are forgotten. */
const SESSIONS = 256;

/** The client's side of TLS: of an agent or a client with all its connections. */
export class TlsConnector implements Handshaker {
  readonly manual: boolean;
  private readonly options: Resolved<TlsClientOptions>;
  private readonly context: LoadedContext;
  private readonly sessions = new Map<string, Session>();

  /** @throws OptionError, TlsSetupError */
  constructor(options: TlsClientOptions, prefix = 'tls.') {
    this.options = checkClient(options, prefix);
    this.manual = this.options.handshake === 'manual';
    this.context = loadContext(this.options, prefix);
  }

  /** The connector that an option asks for. */
  static of(option: TlsClientOptions | boolean | undefined): TlsConnector | undefined {
    if (option === undefined || option === false) return undefined;
    if (option instanceof TlsConnector) return option;
    return new TlsConnector(option === true ? {} : option);
  }

  /** Stands for its options, so that components that follow each other share its sessions. */
  get asOption(): TlsClientOptions {
    return this as unknown as TlsClientOptions;
  }

  shakeHands(wire: Wire, peer: HandshakePeer, handler: HandshakeHandler): Handshaking {
    if (peer.early !== undefined && peer.early.length > 0) wire.unread(peer.early);
    return new ClientHandshake(wire, this.connectOptions(peer), handler, this.memory(peer));
  }

  private connectOptions(peer: HandshakePeer): ClientOptions {
    const { verify, requestOcsp } = this.options;
    const { alpn, secureContext } = this.context;
    const host = this.nameOf(peer);
    return {
      secureContext,
      host,
      servername: isIP(host) > 0 ? '' : host,
      rejectUnauthorized: verify !== 'insecure-none',
      requestOCSP: requestOcsp,
      ...(verify === 'chain-and-host' ? {} : { checkServerIdentity: () => undefined }),
      ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
    };
  }

  private nameOf({ serverName, host }: HandshakePeer): string {
    return serverName ?? this.options.serverName ?? host ?? 'localhost';
  }

  /**
   * Where the session with a peer is kept. Node does not verify the host again when a session is resumed, so that one
   * must never be resumed under another name.
   */
  private memory(peer: HandshakePeer): SessionMemory | undefined {
    if (!this.options.resumption) return undefined;
    const { sessions } = this;
    const key = JSON.stringify([this.nameOf(peer), peer.host, peer.port]);
    return {
      // A ticket is used again until the server gives another, since servers on Node give none when one is resumed.
      recall: () => sessions.get(key),
      keep: (session) => {
        sessions.delete(key);
        sessions.set(key, session);
        if (sessions.size > SESSIONS) sessions.delete(sessions.keys().next().value as string);
      },
    };
  }
}

/** Options of a connect; the types of Node do not know that OCSP can be asked for. */
interface ClientOptions extends ConnectionOptions {
  readonly requestOCSP: boolean;
}

/** What is needed to resume a session, and the peer as it was when the session began: Node does not tell again. */
interface Session {
  readonly ticket: Buffer;
  readonly peer: { certificate: X509Certificate | undefined };
}

/** Remembers the sessions with one peer. */
interface SessionMemory {
  recall(): Session | undefined;
  keep(session: Session): void;
}

/** One handshake as client. */
class ClientHandshake implements Handshaking {
  private readonly wire: Wire;
  private readonly handler: HandshakeHandler;
  private readonly socket: TLSSocket;
  private over = false;

  constructor(
    wire: Wire,
    options: ClientOptions,
    handler: HandshakeHandler,
    memory: SessionMemory | undefined,
  ) {
    this.wire = wire;
    this.handler = handler;
    const session = memory?.recall();
    const socket = connect({
      ...options,
      socket: streamOf(wire),
      ...(session === undefined ? {} : { session: session.ticket }),
    });
    this.socket = socket;
    socket.pause();
    let ocspResponse: Uint8Array | undefined;
    const fail = (error?: unknown) => this.fail(error);
    socket.once('error', fail);
    socket.once('close', fail);
    if (options.requestOCSP)
      socket.on('OCSPResponse', (response: Buffer | null) => (ocspResponse = response ?? undefined));
    const peer = session?.peer ?? { certificate: undefined };
    if (memory !== undefined) socket.on('session', (ticket: Buffer) => memory.keep({ ticket, peer }));
    if (handler.wantsKeys) socket.on('keylog', (line: Buffer) => handler.keylog(line));
    socket.once('secureConnect', () => {
      if (this.over) return;
      this.over = true;
      socket.off('error', fail);
      socket.off('close', fail);
      // A session that the server did not take up says nothing about this handshake.
      const { certificate } = socket.isSessionReused() ? peer : { certificate: undefined };
      const info = tlsInfo(socket, { ocspResponse, certificate });
      peer.certificate = info.peerCertificate;
      handler.done(new TlsWire(socket, wire, info));
    });
  }

  abort(rst = false): void {
    this.over = true;
    const { socket, wire } = this;
    socket.on('error', () => undefined);
    // Somebody may do this while OpenSSL tells of a key, and must not take its memory away then.
    setImmediate(() => {
      if (rst) wire.reset();
      socket.destroy();
    });
  }

  private fail(error: unknown): void {
    if (this.over) return;
    this.over = true;
    const { socket } = this;
    const { authorizationError } = socket as { authorizationError?: unknown };
    socket.on('error', () => undefined);
    socket.destroy();
    const unsaid = error === undefined || error === false || isHangUp(error);
    this.handler.failed(
      unsaid && authorizationError == null ? interrupted(error) : tlsFailure(error, { authorizationError }),
    );
  }
}
