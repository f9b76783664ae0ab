import { X509Certificate } from 'node:crypto';
import { type Source, insteadOf } from './credential-source.ts';
import { isCertificate } from './pem.ts';
import { TlsSetupError } from './tls-setup-error.ts';

/**
 * All certificates of a source, in their order; at least one.
 *
 * @throws TlsSetupError with the code that is given, if there is none or if one of them cannot be parsed.
 */
export function certificatesOf(source: Source, code: 'ERR_TLS_CERT' | 'ERR_TLS_CA'): X509Certificate[] {
  const { option, place, blocks } = source;
  const found = blocks.filter(isCertificate);
  if (found.length === 0) {
    throw new TlsSetupError(code, option, `${place} holds no certificate${insteadOf(source)}`);
  }
  return found.map(({ text }, i) => {
    try {
      return new X509Certificate(text);
    } catch (cause) {
      const which = found.length === 1 ? 'the certificate' : `certificate ${i + 1} of ${found.length}`;
      throw new TlsSetupError(code, option, `${which} in ${place} cannot be parsed`, { cause });
    }
  });
}
