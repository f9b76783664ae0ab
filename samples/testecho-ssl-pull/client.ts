// testecho-pull over TLS: shows its certificate, and verifies that of the server, which has to be for --host.
import type { Given } from '../support/arguments.ts';
import { clientCredentials, credentialsOf } from '../support/credentials.ts';
import * as plain from '../testecho-pull/client.ts';

export const options = { ...plain.options, ...clientCredentials };

export function run(given: Given<typeof options>): void {
  plain.run(given, credentialsOf(given));
}
