import { type Observable, Subject, asyncScheduler } from 'rxjs';
import { type BytesLike, toBytes } from '../../bytes/bytes-like.ts';
import type { WireHandler } from '../../transport/wire.ts';
import type { LinkEnd } from './link.ts';
import { MarbleError } from './marble-error.ts';
import { WINDOW } from './window.ts';
import { type Marble, type MarbleValues, onlySymbols, readMarbles } from './marbles.ts';

/** How a raw peer behaves besides what its diagram says. */
export interface MarblePeerOptions {
  /**
   * When the peer reads what is sent to it: `p` pauses, `r` resumes, counted from the moment when the connection is
   * established. It reads until the first `p`.
   * @default '', always
   */
  readonly reads?: string;
  /**
   * Bytes that the network takes towards the peer while it does not read: the buffers of both systems together. 1 to
   * 2^30.
   * @default 65536
   */
  readonly window?: number;
  /**
   * Whether the peer answers our FIN with its own as soon as it has read it. Without, FIN comes when the diagram says
   * so, or never.
   * @default true if there is neither `|` nor `#` in the diagram
   */
  readonly answersFin?: boolean | undefined;
}

/** RST as an error in diagrams. */
export const RST = 'RST';

/** What a peer is made of. */
export interface PeerScript {
  readonly what: string;
  readonly marbles: string;
  readonly values: MarbleValues<BytesLike>;
  readonly options: MarblePeerOptions;
}

/**
 * A peer without any component: it writes what its diagram says, and notes what it gets. Made by `peer`, `listener`
 * and `connection` of a `MarbleNet`.
 */
export class MarblePeer {
  /** @internal What has come: an item a read; FIN completes, RST is the error. */
  readonly got$: Observable<Uint8Array>;
  /** @internal */
  readonly window: number;

  private readonly got = new Subject<Uint8Array>();
  /** What it does in which frame: everything in one frame at once, so that RST overtakes what stands beside it. */
  private readonly writes = new Map<number, ((end: LinkEnd) => void)[]>();
  private readonly reads: readonly Marble[];
  private readonly answersFin: boolean;
  private end: LinkEnd | undefined;

  /** @internal */
  constructor({ what, marbles, values, options }: PeerScript) {
    const script = readMarbles(what, marbles, values);
    checkEnds(what, marbles, script);
    const { reads = '', window = WINDOW, answersFin } = options;
    this.got$ = this.got;
    this.window = window;
    for (const marble of script) {
      const acts = this.writes.get(marble.frame) ?? [];
      this.writes.set(marble.frame, [...acts, actionOf(what, marbles, marble, values)]);
    }
    this.reads = readMarbles(`reads of ${what}`, reads);
    onlySymbols(`reads of ${what}`, reads, this.reads, { p: 'pause', r: 'resume' });
    this.answersFin = answersFin ?? !script.some(({ symbol }) => symbol === '|' || symbol === '#');
  }

  /** @internal The connection is established: the diagrams begin. */
  join(end: LinkEnd): void {
    this.end = end;
    end.attach(this.handler);
    end.resume();
    for (const { frame, symbol } of this.reads) {
      const change = () => (symbol === 'p' ? end.pause() : end.resume());
      if (frame === 0) change();
      else asyncScheduler.schedule(change, frame);
    }
    for (const [frame, acts] of this.writes) {
      asyncScheduler.schedule(() => {
        for (const act of acts) act(end);
      }, frame);
    }
  }

  /** @internal Nobody listens. */
  refused(): void {
    this.wasReset();
  }

  private readonly handler: WireHandler = {
    wireReceived: (bytes) => this.got.next(bytes),
    wireEnded: () => {
      this.got.complete();
      if (this.answersFin) this.end?.end();
    },
    wireWritten: () => undefined,
    wireClosed: (error) => {
      if (error !== undefined) this.wasReset();
    },
  };

  private wasReset(): void {
    // eslint-disable-next-line rxjs-x/throw-error -- a text is what marbles compare and show
    this.got.error(RST);
  }
}

function actionOf(
  what: string,
  marbles: string,
  { symbol, position }: Marble,
  values: MarbleValues<BytesLike>,
): (end: LinkEnd) => void {
  if (symbol === '|') return (end) => end.end();
  if (symbol === '#') return (end) => end.reset();
  const value = Object.hasOwn(values, symbol) ? values[symbol] : symbol;
  try {
    const bytes = toBytes(value as BytesLike);
    return (end) => end.write(bytes);
  } catch {
    throw new MarbleError(what, marbles, position, `the value of ${symbol} is neither bytes nor text`);
  }
}

/** Nothing can be written behind FIN, and nothing happens after RST. */
function checkEnds(what: string, marbles: string, script: readonly Marble[]): void {
  let ended = '';
  for (const { symbol, position } of script) {
    if (ended === '#' || (ended === '|' && symbol !== '#')) {
      const end = ended === '#' ? 'RST (#)' : 'FIN (|)';
      throw new MarbleError(what, marbles, position, `nothing can be written after ${end}`);
    }
    if (symbol === '|' || symbol === '#') ended = symbol;
  }
}
