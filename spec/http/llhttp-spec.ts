import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { HttpParserOptions, LenientFlags } from '../../lib/http/limits.ts';
import type { MessageKind } from '../../lib/http/parser.ts';
import { type Feeding, type Happening, parse, parseAnyhow, reasonOf } from './recorder.ts';

interface Message {
  readonly method?: string;
  readonly url?: string;
  readonly version?: string;
  readonly status?: number;
  readonly reason?: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly trailers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly headersComplete?: boolean;
  readonly complete: boolean;
  readonly chunks?: readonly number[];
}

interface Fixture {
  readonly name: string;
  readonly type: MessageKind | 'url';
  readonly lenient: readonly string[];
  readonly input: string;
  readonly finish?: boolean;
  readonly skipBody?: boolean;
  readonly expect: {
    readonly messages?: readonly Message[];
    readonly error: { readonly code: string } | null;
    readonly upgrade?: boolean;
    readonly finish?: number;
  };
}

const { fixtures } = JSON.parse(
  readFileSync(new URL('../vectors/llhttp/fixtures.json', import.meta.url), 'utf8'),
) as { fixtures: Fixture[] };

/** Our flags for those of llhttp. What has none there is refused here in any case; see {@link REFUSED}. */
const FLAGS: Record<string, LenientFlags> = {
  headers: { foldedFields: true, spaceBeforeColon: true, controlsInValues: true },
  'chunked-length': { contentLengthBesideChunked: true },
  'keep-alive': { messagesAfterClose: true },
  'data-after-close': { dataAfterClose: true },
  'spaces-after-chunk-size': { spacesInChunkLines: true },
};

/** What these inputs were not written for: hardly one has a Host, and some have several empty lines between messages. */
const EVERYWHERE: HttpParserOptions = { lenient: { missingHost: true }, limits: { maxBlankLines: 2 } };

/** What else llhttp does without being told. */
const OTHER_FLAGS: Record<string, LenientFlags> = {
  // Targets that RFC 3986 does not know: quotes and fragments.
  'request/uri: Quotes in URI': { anyTarget: true },
  'request/uri: Fragment in URI': { anyTarget: true },
  'request/transfer-encoding: POST with `Transfer-Encoding` and `Content-Length` (lenient)': {
    anyTarget: true,
  },
  'request/transfer-encoding: POST with `chunked` before other transfer coding names': { anyTarget: true },
  'request/transfer-encoding: POST with `chunkedchunked` as transfer-encoding': { anyTarget: true },
  'request/transfer-encoding: POST with `chunked` as last transfer-encoding': {
    anyTarget: true,
    otherTransferCodings: true,
  },
  'request/transfer-encoding: POST with `chunked` as last transfer-encoding (multiple headers)': {
    anyTarget: true,
    otherTransferCodings: true,
  },
};

/** What is refused here although llhttp takes it, with the reason, and why. */
const REFUSED: Record<string, string> = {
  // CR without LF is no line end for anybody else: there is no flag for it.
  'request/lenient-headers: Empty headers separated by CR (lenient)': 'bare-cr',
  'request/sample: No LF after CR (lenient)': 'bare-cr',
  'response/invalid: Bare CR after response line (lenient)': 'bare-cr',
  'request/transfer-encoding: Chunk header not terminated by CRLF (lenient)': 'bare-cr',
  // What another version means is not known.
  'request/lenient-version: Invalid HTTP version (lenient)': 'version-unsupported',
  'response/sample: HTTP version 0.9': 'version-unsupported',
  'request/sample: No HTTP version': 'request-line',
  // Not HTTP.
  'request/method: SOURCE request with ICE': 'request-line',
  'response/sample: RTSP response': 'status-line',
  'response/sample: ICE response': 'status-line',
  // RFC 9112 section 6.3: nobody can tell where such a request ends.
  'request/content-length: No error on simultaneous `Content-Length` and `Transfer-Encoding: identity` (lenient)':
    'transfer-encoding-not-chunked',
  'request/transfer-encoding: POST with `Transfer-Encoding` and `Content-Length` (lenient)':
    'transfer-encoding-not-chunked',
  // What ends in the middle of chunked, or is none of the registered codings, is not passed on as if it were a body.
  'response/transfer-encoding: multiple transfer-encoding where chunked is not the last one':
    'transfer-encoding-not-chunked',
  'response/transfer-encoding: `chunkedchunked` transfer-encoding does not enable chunked enconding':
    'transfer-encoding-not-chunked',
  'response/transfer-encoding: Invalid OBS fold after chunked value': 'transfer-encoding-malformed',
  // User information in targets has been done away with (RFC 9110 section 4.2.4).
  'request/uri: `host:port` and basic auth': 'target-authority',
};

/** Targets alone: what we make of them as the target of a GET. */
const URLS_REFUSED: Record<string, string> = {
  'url: Complex URL fragment': 'target-character',
  'url: Complex URL with basic auth from node.js url parser doc': 'target-character',
  'url: Double `@`': 'target-authority',
  'url: IPv6 address with Zone ID, but `%` is not percent-encoded': 'target-escape',
  'url: Disallow form-feed in URL': 'target-character',
};

const messages = fixtures.filter(({ type }) => type !== 'url');
const urls = fixtures.filter(({ type }) => type === 'url');

describe('fixtures of llhttp', () => {
  it.each(messages)('should be parsed in the same way however they are cut: $name', (fixture) => {
    const happenings = parseAnyhow(inputOf(fixture), feedingOf(fixture));
    const refused = REFUSED[fixture.name];
    if (refused !== undefined) expect(reasonOf(happenings)).toBe(refused);
    else if (fixture.expect.error !== null) {
      expect(reasonOf(happenings)).toBeDefined();
      const complete = (fixture.expect.messages ?? []).filter(isComplete).map(asOurs);
      expect(messagesOf(happenings).slice(0, complete.length)).toEqual(complete);
    } else {
      const told = (fixture.expect.messages ?? []).filter(hasHead).map(asOurs);
      // The end of the connection completes it; for llhttp that is up to its caller.
      if (fixture.expect.finish === 1) told.at(-1)!.complete = true;
      expect(messagesOf(happenings)).toEqual(told);
      expect(reasonOf(happenings)).toBe(fixture.expect.finish === 2 ? 'truncated' : undefined);
      expect(happenings.some(([what]) => what === 'upgraded')).toBe(fixture.expect.upgrade === true);
    }
  });

  it.each(urls)('should be taken or refused as targets: $name', (fixture) => {
    const target = inputOf(fixture).toString('latin1');
    const host = /^http:\/\/([^/]*)/.exec(target)?.[1] ?? 'a';
    const text = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const happenings = parseAnyhow(Buffer.from(text, 'latin1'), { kind: 'request' });
    expect(reasonOf(happenings)).toBe(URLS_REFUSED[fixture.name]);
    if (fixture.expect.error !== null) expect(reasonOf(happenings)).toBeDefined();
  });

  it('should be parsed in the same way behind each other', () => {
    const good = messages.filter(
      (fixture) =>
        fixture.type === 'request' &&
        fixture.lenient.length === 0 &&
        parse([inputOf(fixture)], feedingOf(fixture)).at(-2)?.[0] === 'messageComplete' &&
        fixture.expect.upgrade !== true &&
        parse([inputOf(fixture)], feedingOf(fixture)).every(([, head]) => staysAlive(head)),
    );
    expect(good.length).toBeGreaterThan(20);
    const options = { lenient: { missingHost: true, anyTarget: true, otherTransferCodings: true } };
    const feeding: Feeding = { kind: 'request', options: { ...EVERYWHERE, ...options } };
    const apart = good.flatMap((fixture) => parse([inputOf(fixture)], feeding).slice(0, -1));
    const together = parseAnyhow(Buffer.concat(good.map(inputOf)), feeding);
    expect(together.slice(0, -1)).toEqual(apart);
  });

  it('should all be there that are listed', () => {
    const names = new Set(fixtures.map(({ name }) => name));
    const listed = [...Object.keys(REFUSED), ...Object.keys(URLS_REFUSED), ...Object.keys(OTHER_FLAGS)];
    expect(listed.filter((name) => !names.has(name))).toEqual([]);
  });
});

function staysAlive(head: unknown): boolean {
  return (head as { keepAlive?: boolean } | undefined)?.keepAlive !== false;
}

function inputOf({ input }: Fixture): Buffer {
  return Buffer.from(input, 'base64');
}

function feedingOf({ name, type, lenient, finish = false, skipBody = false }: Fixture): Feeding {
  const flags = lenient.map((flag) => FLAGS[flag]);
  return {
    kind: type as MessageKind,
    ends: finish,
    options: {
      ...EVERYWHERE,
      lenient: Object.assign({}, EVERYWHERE.lenient, OTHER_FLAGS[name], ...flags) as LenientFlags,
    },
    decisions: skipBody ? Array.from({ length: 9 }, () => 'skip-body' as const) : [],
  };
}

function isComplete({ complete }: Message): boolean {
  return complete;
}

function hasHead({ headersComplete }: Message): boolean {
  return headersComplete === true;
}

/** Messages as both sides tell of them. */
interface Told {
  readonly start: readonly unknown[];
  readonly fields: readonly (readonly [string, string])[];
  trailers: readonly (readonly [string, string])[];
  body: string;
  chunks: number[];
  complete: boolean;
}

function asOurs(message: Message): Told {
  const {
    method,
    url,
    version = '',
    status,
    reason,
    headers,
    trailers,
    body,
    complete,
    chunks = [],
  } = message;
  const start = method === undefined ? [version, status, reason ?? ''] : [version, method, url];
  const fields = headers.map(trimmed);
  const text = Buffer.from(body, 'base64').toString('latin1');
  return { start, fields, trailers: trailers.map(trimmed), body: text, chunks: [...chunks], complete };
}

/** White space: HTAB is some too, and a fold becomes spaces. */
function trimmed([name, value]: readonly [string, string]): [string, string] {
  return [name.trim(), value.replace(/[ \t]+$/, '').replace(/\s+/g, ' ')];
}

function messagesOf(happenings: readonly Happening[]): Told[] {
  const told: Told[] = [];
  for (const [what, ...details] of happenings) {
    const last = told.at(-1);
    if (what === 'head') told.push(headOf(details[0] as OurHead));
    else if (what === 'body') last!.body += details[0] as string;
    else if (what === 'chunkHeader') last!.chunks.push(details[0] as number);
    else if (what === 'trailers') last!.trailers = details[0] as Told['trailers'];
    else if (what === 'messageComplete') last!.complete = true;
  }
  return told;
}

interface OurHead {
  readonly minorVersion: number;
  readonly fields: readonly (readonly [string, string])[];
  readonly method?: string;
  readonly target?: string;
  readonly status?: number;
  readonly reason?: string;
}

function headOf({ minorVersion, fields, method, target, status, reason }: OurHead): Told {
  const version = `1.${minorVersion}`;
  const start = method === undefined ? [version, status, reason] : [version, method, target];
  return { start, fields: fields.map(trimmed), trailers: [], body: '', chunks: [], complete: false };
}
