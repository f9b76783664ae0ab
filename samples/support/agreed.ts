import type { Connection } from 'hpsocket-rx';

/** What a TLS handshake came to. */
export interface Agreed {
  readonly protocol: string;
  readonly cipher: string;
  /** Who the peer is, by its certificate; `undefined` if it has shown none. */
  readonly peer: string | undefined;
}

/** What the handshake of a connection came to; `undefined` if the connection is a plain one. */
export function agreedBy({ tls }: Pick<Connection, 'tls'>): Agreed | undefined {
  if (tls === undefined) return undefined;
  const { protocol, cipher, peerCertificate } = tls;
  return { protocol, cipher, peer: peerCertificate?.subject.replaceAll('\n', ', ') };
}

export function formatAgreed({ protocol, cipher, peer = 'a peer without certificate' }: Agreed): string {
  return `${protocol} ${cipher} with ${peer}`;
}
