// testecho-pack over TLS: lets in who shows a certificate that the authority of --ca has signed.
import type { Given } from '../support/arguments.ts';
import { credentialsOf, serverCredentials } from '../support/credentials.ts';
import * as plain from '../testecho-pack/server.ts';

export const options = { ...plain.options, ...serverCredentials };

export function run(given: Given<typeof options>): Promise<void> {
  return plain.run(given, { ...credentialsOf(given), clientCertificate: 'require' });
}
