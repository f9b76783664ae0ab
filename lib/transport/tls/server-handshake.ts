import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { NetworkError } from '../../base/errors.ts';
import type { Wire, WireHandler } from '../wire.ts';
import { HelloReader, looksLikeTls } from './client-hello.ts';
import type { Handshaking, HandshakeHandler } from '../handshaker.ts';
import type { ServerContext, ServerSeat } from './server-context.ts';
import { certificateError, interrupted, isHangUp, tlsFailure } from './tls-error.ts';
import { tlsInfo } from './tls-info.ts';
import { TlsWire, streamOf } from './tls-wire.ts';

/** Knows which certificate answers which name. */
interface Contexts {
  contextOf(name: string | undefined): ServerContext | Promise<ServerContext>;
}

/** One handshake as server: reads what the client wants before deciding which certificate answers. */
export class ServerHandshake implements Handshaking, WireHandler, ServerSeat {
  private readonly contexts: Contexts;
  private readonly allowPlain: boolean;
  private readonly wire: Wire;
  private readonly handler: HandshakeHandler;
  private readonly hello = new HelloReader();
  private serverName: string | undefined;
  private context: ServerContext | undefined;
  private heard = false;
  private over = false;
  /** Ends what TLS works on, once it does. */
  private stream: Duplex | undefined;

  constructor(
    contexts: Contexts,
    allowPlain: boolean,
    wire: Wire,
    early: Uint8Array | undefined,
    handler: HandshakeHandler,
  ) {
    this.contexts = contexts;
    this.allowPlain = allowPlain;
    this.wire = wire;
    this.handler = handler;
    wire.attach(this);
    if (early !== undefined && early.length > 0) wire.unread(early);
    wire.resume();
  }

  get wantsKeys(): boolean {
    return this.handler.wantsKeys;
  }

  abort(rst = false): void {
    this.over = true;
    const { stream, wire } = this;
    const end = () => {
      if (rst) wire.reset();
      else (stream ?? wire).destroy();
    };
    // Somebody may do this while OpenSSL tells of a key, and must not take its memory away then.
    if (stream === undefined) end();
    else setImmediate(end);
  }

  // ---- the client's first message ------------------------------------------------------------------------------

  wireReceived(bytes: Uint8Array): void {
    if (this.over) return;
    if (!this.heard && this.allowPlain && !looksLikeTls(bytes[0] as number)) {
      this.over = true;
      this.wire.pause();
      this.wire.unread(bytes);
      this.handler.plain(this.wire);
      return;
    }
    this.heard = true;
    try {
      const hello = this.hello.push(bytes);
      if (hello === undefined) return;
      this.wire.pause();
      this.choose(hello.serverName);
    } catch (error) {
      this.refuse(error);
    }
  }

  wireEnded(): void {
    if (this.over) return;
    this.over = true;
    this.wire.destroy();
    this.handler.failed(this.heard ? interrupted() : undefined);
  }

  wireWritten(): void {}

  wireClosed(error: NetworkError | undefined): void {
    if (this.over) return;
    this.over = true;
    this.handler.failed(error ?? interrupted());
  }

  private choose(name: string | undefined): void {
    this.serverName = name;
    const chosen = this.contexts.contextOf(name);
    if (chosen instanceof Promise) {
      chosen.then(
        (context) => this.begin(context),
        (error: unknown) => this.refuse(error),
      );
    } else {
      this.begin(chosen);
    }
  }

  /** Ends the connection, with an alert (RFC 8446 section 6) if the client can understand one. */
  private refuse(error: unknown): void {
    if (this.over) return;
    this.over = true;
    const failure = error instanceof NetworkError ? error : tlsFailure(error);
    const alert = ALERTS[failure.code];
    if (alert !== undefined) this.wire.write(Uint8Array.of(21, 3, 3, 0, 2, 2, alert));
    this.wire.destroy();
    this.handler.failed(failure);
  }

  // ---- the handshake -------------------------------------------------------------------------------------------

  private begin(context: ServerContext): void {
    if (this.over) return;
    this.context = context;
    const { wire } = this;
    wire.unread(this.hello.take());
    const stream = streamOf(wire);
    this.stream = stream;
    // Until the handshake is done, the end of the client is the end of it; otherwise nobody would be told.
    stream.allowHalfOpen = false;
    context.begin(stream, this);
  }

  secured(socket: TLSSocket): void {
    if (this.over) {
      socket.destroy();
      return;
    }
    const info = tlsInfo(socket, { serverName: this.serverName });
    if (
      this.context?.clientCertificate === 'verify' &&
      info.peerCertificate !== undefined &&
      !info.authorized
    ) {
      this.fail(certificateError(info.authorizationError), socket);
      return;
    }
    this.over = true;
    socket.pause();
    socket.allowHalfOpen = true;
    if (this.stream !== undefined) this.stream.allowHalfOpen = true;
    this.handler.done(new TlsWire(socket, this.wire, info));
  }

  failed(error: unknown, socket: TLSSocket): void {
    const { authorizationError } = socket as { authorizationError?: unknown };
    if (authorizationError == null && isHangUp(error)) this.fail(interrupted(error), socket);
    else this.fail(tlsFailure(error, { authorizationError }), socket);
  }

  keylog(line: Uint8Array): void {
    this.handler.keylog(line);
  }

  private fail(error: NetworkError, socket: TLSSocket): void {
    socket.on('error', () => undefined);
    socket.destroy();
    if (this.over) return;
    this.over = true;
    this.handler.failed(error);
  }
}

/** Alerts for what is refused before OpenSSL sees it: decode_error and unrecognized_name. */
const ALERTS: Readonly<Record<string, number>> = { ERR_TLS_HANDSHAKE: 50, ERR_TLS_SERVER_NAME: 112 };
