import { type Standing, hold } from './support/contest.ts';
import { httpLoad } from './support/http-load.ts';
import { printStandings } from './support/print.ts';
import { type Candidate, OURS, choose } from './support/server.ts';
import type { Settings } from './support/settings.ts';

const CANDIDATES: readonly Candidate[] = [
  { name: 'node', label: 'node:http', script: 'http-node' },
  { name: 'request', label: `${OURS}, server.request$`, script: 'http-request' },
  { name: 'serve', label: `${OURS}, server.serve(map)`, script: 'http-serve' },
];

/** What a browser sends, about 400 bytes. */
const FIELDS = [
  'Host: 127.0.0.1:8080',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.5',
  'Accept-Encoding: gzip, deflate, br',
  'Connection: keep-alive',
  'Sec-Fetch-Dest: document',
  'Sec-Fetch-Mode: navigate',
  'Cookie: session=0123456789abcdef',
];

const CONTESTS = [
  { path: '/', depth: 1 },
  { path: '/', depth: 16 },
  { path: '/10k', depth: 1 },
  { path: '/10k', depth: 16 },
];

/** What came out for one answer and depth. */
export interface HttpResult {
  readonly path: string;
  readonly depth: number;
  readonly candidates: readonly Standing[];
}

/** Servers of HTTP/1.1 on connections that are kept alive. */
export async function http(settings: Settings): Promise<readonly HttpResult[]> {
  const { connections, shapes } = settings;
  const candidates = choose(CANDIDATES, settings);
  const results: HttpResult[] = [];
  const depths = shapes?.map(({ depth }) => depth);
  for (const { path, depth } of CONTESTS) {
    if (depths !== undefined && !depths.includes(depth)) continue;
    const request = [`GET ${path} HTTP/1.1`, ...FIELDS, '', ''].join('\r\n');
    const load = { connections, depth, request };
    const standings = await hold({ candidates, load, messagesPerAnswer: 1 }, httpLoad, settings);
    printStandings(`http: GET ${path}, depth ${depth}, ${connections} connections`, standings);
    results.push({ path, depth, candidates: standings });
  }
  return results;
}
