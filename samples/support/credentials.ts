import { fileURLToPath } from 'node:url';
import { type Given, text } from './arguments.ts';

/** Who we are and whom we trust. The defaults are certificates for tests, whose keys everybody can read. */
export const serverCredentials = {
  cert: text('FILE', certificate('server.pem')),
  key: text('FILE', certificate('server-key-encrypted.pem')),
  password: text('TEXT', '123456'),
  ca: text('FILE', certificate('ca.pem')),
};

export const clientCredentials = {
  ...serverCredentials,
  cert: text('FILE', certificate('client.pem')),
  key: text('FILE', certificate('client-encrypted-key.pem')),
};

/** The part of option `tls` that both sides have. */
export function credentialsOf({ cert, key, password, ca }: Given<typeof serverCredentials>) {
  return { certFile: cert, keyFile: key, keyPassword: password, caFile: ca };
}

function certificate(name: string): string {
  return fileURLToPath(new URL(`../certificates/${name}`, import.meta.url));
}
