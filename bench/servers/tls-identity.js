import { readFileSync } from 'node:fs';

const certificates = new URL('../../samples/certificates/', import.meta.url);

/** What all TLS servers have in common; the cipher is the one that Node picks by itself. */
export const IDENTITY = {
  cert: readFileSync(new URL('server.pem', certificates)),
  key: readFileSync(new URL('server-key.pem', certificates)),
  minVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_256_GCM_SHA384',
};
