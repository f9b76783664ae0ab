import { createRequire } from 'node:module';
import { HttpParser, type MessageKind } from '../lib/http/parser.ts';
import type { HttpSink } from '../lib/http/parser-sink.ts';
import type { RequestHead, ResponseHead } from '../lib/http/head.ts';
import type { Settings } from './support/settings.ts';
import { median } from './support/statistics.ts';
import { table } from './support/table.ts';

/** Messages that are parsed in one go. */
const MESSAGES = 64;
/** Alternating measurements of each candidate for each round that was asked for. */
const TURNS = 20;

/** What is parsed. */
interface Load {
  readonly name: string;
  readonly kind: MessageKind;
  /** The messages, each by itself. */
  readonly messages: readonly Buffer[];
}

/** Takes messages as often as it is told. */
type Parse = (chunks: readonly Buffer[]) => void;

interface Candidate {
  readonly name: string;
  readonly make: (kind: MessageKind) => Parse;
}

/** What came out for one candidate: microseconds for one message. */
export interface ParserStanding {
  readonly name: string;
  readonly best: number;
  readonly median: number;
  /** Best time of the first candidate by the best time of this one: how many times as quick it is. */
  readonly ratio: number;
}

/** What came out for one load. */
export interface ParserResult {
  readonly load: string;
  readonly shape: 'pipelined' | 'single';
  readonly candidates: readonly ParserStanding[];
}

const CANDIDATES: readonly Candidate[] = [
  { name: 'node', make: nodeParser },
  { name: 'hpsocket-rx', make: ourParser },
];

/** Measures the parser of HTTP alone against Node's own: heads only, in one chunk and each in its own. */
export function httpParser({ rounds }: Settings): readonly ParserResult[] {
  const results: ParserResult[] = [];
  for (const load of loads())
    for (const shape of ['pipelined', 'single'] as const) {
      const chunks = shape === 'single' ? load.messages : [Buffer.concat(load.messages)];
      const result = { load: load.name, shape, candidates: measure(load.kind, chunks, rounds * TURNS) };
      results.push(result);
      print(result, load);
    }
  return results;
}

function measure(kind: MessageKind, chunks: readonly Buffer[], turns: number): readonly ParserStanding[] {
  const parsers = CANDIDATES.map(({ make }) => make(kind));
  for (const parse of parsers) for (let count = 0; count < 300; count++) parse(chunks);
  const times = CANDIDATES.map((): number[] => []);
  for (let turn = 0; turn < turns; turn++)
    parsers.forEach((parse, index) => {
      const begin = performance.now();
      for (let count = 0; count < 8; count++) parse(chunks);
      times[index]!.push(((performance.now() - begin) * 1000) / (8 * MESSAGES));
    });
  const best = times.map((measured) => Math.min(...measured));
  return CANDIDATES.map(({ name }, index) => ({
    name,
    best: best[index]!,
    median: median(times[index]!),
    ratio: best[0]! / best[index]!,
  }));
}

function print({ shape, candidates }: ParserResult, { name, messages }: Load): void {
  const rows = candidates.map((each) => [
    each.name,
    `${each.best.toFixed(3)} µs`,
    `${each.median.toFixed(3)} µs`,
    each.ratio.toFixed(2),
  ]);
  process.stdout.write(
    `\nhttp-parser: ${name} (${messages[0]!.length} bytes), ${shape}\n${table([['each', 'best', 'median', 'ratio'], ...rows])}`,
  );
}

const FIELDS = [
  'Host: www.example.org',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language: en-GB,en;q=0.5',
  'Accept-Encoding: gzip, deflate, br',
  'Cache-Control: no-cache',
  'Connection: keep-alive',
  'Upgrade-Insecure-Requests: 1',
].join('\r\n');

function loads(): Load[] {
  const many = (make: (index: number) => string) =>
    Array.from({ length: MESSAGES }, (_, index) => Buffer.from(make(index)));
  const request = (cookie: string) => `GET /a/path/to/some/page.html?page=1 HTTP/1.1\r\n${FIELDS}\r\nCookie: id=${cookie}\r\n\r\n`; // prettier-ignore
  const response = (tag: string) =>
    `HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\nContent-Type: text/html; charset=utf-8\r\nETag: "${tag}"\r\nContent-Length: 0\r\n\r\n`;
  return [
    {
      name: 'requests with changing fields',
      kind: 'request',
      messages: many((index) => request(`${index + 10}`)),
    },
    { name: 'requests with the same fields', kind: 'request', messages: many(() => request('10')) },
    { name: 'hello', kind: 'request', messages: many(() => 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n') },
    {
      name: 'responses with changing fields',
      kind: 'response',
      messages: many((index) => response(`${index + 10}`)),
    },
  ];
}

/** Counts heads, so that nothing is left out. */
class Counter implements HttpSink<RequestHead | ResponseHead> {
  heads = 0;

  head() {
    this.heads++;
    return 'continue' as const;
  }

  messageBegin(): void {}
  body(): void {}
  chunkHeader(): void {}
  chunkComplete(): void {}
  trailers(): void {}
  messageComplete(): void {}
  upgraded(): void {}
}

function ourParser(kind: MessageKind): Parse {
  const parser = new HttpParser<MessageKind>(kind);
  const counter = new Counter();
  return (chunks) => {
    counter.heads = 0;
    for (const chunk of chunks) parser.push(chunk, counter);
    check(counter.heads);
  };
}

/** Node's own parser, as far as it is used here. */
interface NodeParser {
  [event: number]: () => number;
  initialize(type: number, resource: object): void;
  execute(bytes: Buffer): unknown;
}

interface NodeParserClass {
  new (): NodeParser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeadersComplete: number;
  readonly kOnMessageComplete: number;
}

function nodeParser(kind: MessageKind): Parse {
  const { HTTPParser } = createRequire(import.meta.url)('_http_common') as { HTTPParser: NodeParserClass };
  const parser = new HTTPParser();
  let heads = 0;
  parser.initialize(kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {});
  parser[HTTPParser.kOnHeadersComplete] = () => (heads++, 0);
  parser[HTTPParser.kOnMessageComplete] = () => 0;
  return (chunks) => {
    heads = 0;
    for (const chunk of chunks) parser.execute(chunk);
    check(heads);
  };
}

function check(heads: number): void {
  if (heads !== MESSAGES) throw new Error(`${heads} heads were parsed, not ${MESSAGES}`);
}
