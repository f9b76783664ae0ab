import { asapScheduler } from 'rxjs';
import type { HandshakeHandler, HandshakePeer, Handshaker, Handshaking } from '../../transport/handshaker.ts';
import { TlsConnector } from '../../transport/tls/tls-connector.ts';
import type { TlsClientOptions } from '../../transport/tls/tls-options.ts';
import type { Wire } from '../../transport/wire.ts';

/** TLS for some of the connections of a component, and none for the others. */
export class SchemeHandshaker implements Handshaker {
  readonly manual = false;
  private readonly plain = new WeakSet<Wire>();
  private connector: TlsConnector | undefined;

  /** @throws OptionError, TlsSetupError */
  constructor(tls: TlsClientOptions | boolean | undefined) {
    this.connector = TlsConnector.of(withHttp(tls));
  }

  /** Whether TLS begins only when it is asked for. */
  get waits(): boolean {
    return this.connector?.manual ?? true;
  }

  /** No handshake is made on this wire, unless one is asked for later. */
  leavePlain(wire: Wire): void {
    this.plain.add(wire);
  }

  shakeHands(wire: Wire, peer: HandshakePeer, handler: HandshakeHandler): Handshaking {
    if (!this.plain.delete(wire)) return this.tls.shakeHands(wire, peer, handler);
    const work = asapScheduler.schedule(() => handler.plain(wire));
    return {
      abort: (rst) => {
        work.unsubscribe();
        if (rst === true) wire.reset();
        else wire.destroy();
      },
    };
  }

  /** Made when it is needed: what it loads takes time. */
  private get tls(): TlsConnector {
    return (this.connector ??= new TlsConnector(withHttp(true) as TlsClientOptions));
  }
}

/** Says in the handshake that HTTP/1.1 is spoken, unless the options say something else. */
export function withHttp(tls: TlsClientOptions | boolean | undefined): TlsClientOptions | false | undefined {
  if (tls === undefined || tls === false) return tls;
  return { alpn: ['http/1.1'], ...(tls === true ? {} : tls) };
}
