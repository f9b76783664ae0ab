import { OptionError } from '../../base/errors.ts';
import { formatAddress } from '../../transport/address.ts';

/** What an origin speaks: HTTP as it is, or inside of TLS. */
export type Scheme = 'http' | 'https';

/** Whom a request is for (RFC 9110 section 4.3.1): who shares an origin, may share a connection. */
export interface Origin {
  /** The origin as text: `https://example.org:443`. */
  readonly key: string;
  readonly scheme: Scheme;
  /** Host name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** For `Host`: without the port if it is that of the scheme. */
  readonly authority: string;
}

/** An origin, and what is wanted there. */
export interface Destination {
  readonly origin: Origin;
  /** The request-target. */
  readonly target: string;
}

/** The ports of the schemes. */
export const PORTS: Readonly<Record<Scheme, number>> = { http: 80, https: 443 };

/** So many URLs are remembered, none of them longer than this. */
const REMEMBERED = 256;
const LONGEST = 512;

/** Finds out where requests go. What was asked for lately is remembered. */
export class Destinations {
  private readonly known = new Map<string, Destination>();
  private readonly origins = new Map<string, Origin>();

  /** @throws OptionError (`ERR_OPTION`) unless it is an absolute URL with http or https. */
  ofUrl(url: string | URL): Destination {
    const text = typeof url === 'string' ? url : url.href;
    return this.known.get(text) ?? this.learn(text);
  }

  /**
   * @param text An origin such as `https://example.org:8443`; there may be a slash behind it.
   * @throws OptionError (`ERR_OPTION`)
   */
  ofOrigin(text: string): Origin {
    return this.origins.get(text) ?? this.learnOrigin(text);
  }

  private learn(text: string): Destination {
    const url = parse(text, 'url');
    const destination = { origin: originOf(url), target: `${url.pathname}${url.search}` };
    if (text.length <= LONGEST) remember(this.known, text, destination);
    return destination;
  }

  private learnOrigin(text: string): Origin {
    const url = parse(text, 'origin');
    if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
      throw new OptionError('origin', text, 'scheme, host and port, without a path');
    }
    const origin = originOf(url);
    if (text.length <= LONGEST) remember(this.origins, text, origin);
    return origin;
  }
}

/** An origin that is made of its parts. */
export function makeOrigin(scheme: Scheme, host: string, port: number): Origin {
  const full = formatAddress({ host, port });
  const authority = port === PORTS[scheme] ? full.slice(0, full.lastIndexOf(':')) : full;
  return { key: `${scheme}://${full}`, scheme, host, port, authority };
}

function originOf({ protocol, hostname, port }: URL): Origin {
  const scheme = protocol === 'https:' ? 'https' : 'http';
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return makeOrigin(scheme, host, port === '' ? PORTS[scheme] : Number(port));
}

function parse(text: string, name: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new OptionError(name, text, 'absolute and begin with http:// or https://');
  }
  if (url.username !== '' || url.password !== '') {
    // Not shown: it is a secret.
    throw new OptionError(name, undefined, 'without user and password: they belong into Authorization');
  }
  return url;
}

function remember<T>(known: Map<string, T>, text: string, value: T): void {
  if (known.size >= REMEMBERED) known.clear();
  known.set(text, value);
}
