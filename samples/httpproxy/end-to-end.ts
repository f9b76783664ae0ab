import type { Endpoint } from 'hpsocket-rx';
import type { HttpFields, RequestHead } from 'hpsocket-rx/http';

/** Fields that are about one connection only (RFC 9110 section 7.6.1). */
const HOP_BY_HOP = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

/** The fields that a proxy passes on, and its own. */
export function endToEnd(fields: HttpFields, except: readonly string[] = []): [string, string][] {
  const listed = (fields.get('connection') ?? '').toLowerCase().split(',');
  const dropped = new Set([...listed.map((name) => name.trim()), ...except]);
  const passed = [...fields].filter(([name]) => {
    const lower = name.toLowerCase();
    return !HOP_BY_HOP.has(lower) && !dropped.has(lower);
  });
  return [...passed.map(([name, value]): [string, string] => [name, value]), ['Via', '1.1 hpsocket-rx']];
}

/** Where a request is to go; `undefined` if it is not one to a proxy. */
export function targetOf({ target, targetForm }: RequestHead): Endpoint | undefined {
  if (targetForm !== 'absolute' && targetForm !== 'authority') return undefined;
  const url = new URL(targetForm === 'authority' ? `https://${target}` : target);
  if (targetForm === 'absolute' && url.protocol !== 'http:') return undefined;
  const usual = targetForm === 'authority' ? 443 : 80;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, port: url.port === '' ? usual : Number(url.port) };
}
