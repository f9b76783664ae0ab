import { createRequire } from 'node:module';
import type { MessageKind } from '../../lib/http/parser.ts';

/** A message as both parsers tell of it. */
export interface Told {
  /** Method and target, or status and reason phrase. */
  readonly start: readonly unknown[];
  readonly minorVersion: number;
  readonly fields: readonly (readonly string[])[];
  readonly keepAlive: boolean;
  readonly upgrade: boolean;
  trailers: readonly (readonly string[])[];
  body: string;
  isComplete: boolean;
}

/** What a parser makes of some input. */
export interface Outcome {
  /** Messages whose heads are complete. */
  readonly messages: Told[];
  /** What it refuses the input with. */
  refusal: string | undefined;
  /** Where HTTP ends because something else follows. */
  upgradedAt: number | undefined;
}

type Listener = (...details: never[]) => unknown;

/** Node's own parser, as far as it is used here. */
interface NodeParser {
  [event: number]: Listener;
  initialize(type: number, resource: object, maxHeaderSize: number, lenient: number): void;
  execute(bytes: Buffer): number | (Error & { code: string });
  finish(): undefined | (Error & { code: string });
  close(): void;
}

interface NodeParserClass {
  new (): NodeParser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

const { HTTPParser, methods } = createRequire(import.meta.url)('_http_common') as {
  HTTPParser: NodeParserClass;
  methods: readonly string[];
};

/** What Node's parser knows without a name for it in its list. */
const NAMELESS = 'QUERY';

/** The methods that Node's parser knows. */
export const NODE_METHODS = [...methods.filter((method) => method !== 'PRI'), NAMELESS];

/** What Node's parser makes of some input, behind which the connection ends. */
export function parseWithNode(input: Buffer, kind: MessageKind): Outcome {
  const outcome: Outcome = { messages: [], refusal: undefined, upgradedAt: undefined };
  const parser = new HTTPParser();
  listen(parser, outcome.messages);
  parser.initialize(kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {}, 16384, 0);
  const result = parser.execute(input);
  if (typeof result !== 'number') outcome.refusal = result.code;
  else if (
    result < input.length ||
    (outcome.messages.at(-1)?.upgrade === true && outcome.messages.at(-1)!.isComplete)
  )
    outcome.upgradedAt = result;
  else outcome.refusal = parser.finish()?.code;
  parser.close();
  return outcome;
}

function listen(parser: NodeParser, messages: Told[]): void {
  let flushed: string[] = [];
  let url = '';
  parser[HTTPParser.kOnHeaders] = (fields: string[], target: string) => {
    flushed.push(...fields);
    url += target;
  };
  parser[HTTPParser.kOnHeadersComplete] = (
    _major: number,
    minorVersion: number,
    fields: string[] | undefined,
    method: number | undefined,
    target: string | undefined,
    status: number | undefined,
    reason: string | undefined,
    upgrade: boolean,
    keepAlive: boolean,
  ) => {
    messages.push({
      start: method === undefined ? [status, reason] : [methods[method] ?? NAMELESS, target ?? url],
      minorVersion,
      fields: pairs(fields ?? flushed),
      keepAlive,
      upgrade,
      trailers: [],
      body: '',
      isComplete: false,
    });
    flushed = [];
    url = '';
    return 0;
  };
  parser[HTTPParser.kOnBody] = (bytes: Buffer) => {
    messages.at(-1)!.body += bytes.toString('latin1');
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    messages.at(-1)!.trailers = pairs(flushed);
    messages.at(-1)!.isComplete = true;
    flushed = [];
    url = '';
  };
}

/** Names and values; the white space around values is taken off, as HTAB is not always there. */
function pairs(flat: readonly string[]): string[][] {
  return Array.from({ length: flat.length / 2 }, (_, index) => [
    flat[2 * index]!,
    flat[2 * index + 1]!.replace(/^[ \t]+|[ \t]+$/g, ''),
  ]);
}
