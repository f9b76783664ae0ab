import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

/** What the two sides have agreed on, and what is known of the peer; twin of `GetSSLSessionInfo`. */
export interface TlsInfo {
  /** `TLSv1.2`, `TLSv1.3`, … */
  readonly protocol: string;
  /** Name of the cipher suite as RFCs have it, such as `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /** The protocol chosen by ALPN (RFC 7301); `undefined` without one. */
  readonly alpn: string | undefined;
  /** The server name that the client has asked for (SNI); `undefined` if it has not. */
  readonly serverName: string | undefined;
  /** Whether an earlier session was taken up again. */
  readonly resumed: boolean;
  /**
   * Whether the peer has a certificate that has been verified: chain, and on a client the host name unless that was
   * turned off.
   */
  readonly authorized: boolean;
  /**
   * Why it is not authorised: OpenSSL's code such as `DEPTH_ZERO_SELF_SIGNED_CERT`. `undefined` when it is, or when
   * there is no certificate.
   */
  readonly authorizationError: string | undefined;
  /** The peer's certificate: subject, issuer, names, dates, fingerprints. A server has it only if it asks for one. */
  readonly peerCertificate: X509Certificate | undefined;
  /** The answer about revocation that the server has sent along (RFC 6066 section 8), as DER; only if asked for. */
  readonly ocspResponse: Uint8Array | undefined;
}

/** What a socket does not know by itself. */
interface Known {
  readonly ocspResponse: Uint8Array | undefined;
  readonly certificate: X509Certificate | undefined;
  /** A server forgets it when a session of TLS 1.2 is resumed. */
  readonly serverName: string | undefined;
}

/** What a TLS socket knows when its handshake is done; it forgets most of it when it closes. */
export function tlsInfo(socket: TLSSocket, known: Partial<Known> = {}): TlsInfo {
  const { ocspResponse, certificate, serverName } = known;
  const peerCertificate = certificate ?? socket.getPeerX509Certificate();
  const { alpnProtocol, authorized, authorizationError } = socket;
  const { servername } = socket as { servername?: string | false | null };
  return {
    protocol: socket.getProtocol() ?? '',
    cipher: socket.getCipher().standardName,
    alpn: typeof alpnProtocol === 'string' ? alpnProtocol : undefined,
    serverName: serverName ?? (typeof servername === 'string' && servername !== '' ? servername : undefined),
    resumed: socket.isSessionReused(),
    authorized: authorized && peerCertificate !== undefined,
    authorizationError: peerCertificate === undefined ? undefined : codeOf(authorizationError),
    peerCertificate,
    ocspResponse,
  };
}

/** Node says it is an Error; it is its code. */
function codeOf(error: unknown): string | undefined {
  return typeof error === 'string' ? error : (error as { code?: string } | null | undefined)?.code;
}
