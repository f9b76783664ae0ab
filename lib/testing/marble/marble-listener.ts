import { type Observable, Subject } from 'rxjs';
import type { BytesLike } from '../../bytes/bytes-like.ts';
import { MarblePeer, type MarblePeerOptions } from './marble-peer.ts';
import type { Answer } from './marble-transport.ts';
import type { MarbleValues } from './marbles.ts';

/** A connect that does not lead to a connection; see `MarbleNet.refuse` and `MarbleNet.ignore`. */
export interface NoConnection {
  readonly answer: 'refuse' | 'ignore';
}

/** What happens with one connection: its diagram, or that it does not come about. */
export type ListenerScript = string | NoConnection;

/** A raw listener of a `MarbleNet`: its connections do what their diagrams say. */
export class MarbleListener {
  /** The peers in the order of the diagrams; one that is never connected gets nothing. */
  readonly peers: readonly MarblePeer[];
  /** @internal `accept`, `refuse` or `ignore` for every connect that arrives. */
  readonly connects$: Observable<string>;

  private readonly connects = new Subject<string>();
  private readonly scripts: readonly ListenerScript[];
  private readonly remove: () => void;
  private next = 0;

  /** @internal */
  constructor(
    scripts: readonly ListenerScript[],
    values: MarbleValues<BytesLike>,
    options: MarblePeerOptions,
    remove: () => void,
  ) {
    this.scripts = scripts;
    this.remove = remove;
    this.connects$ = this.connects;
    this.peers = scripts.map((script, index) => {
      const marbles = typeof script === 'string' ? script : '';
      return new MarblePeer({ what: `listener, connection ${index}`, marbles, values, options });
    });
  }

  /** Stops listening: whoever connects is refused. Connections live on. */
  close(): void {
    this.remove();
  }

  /** @internal Somebody connects. */
  knock(): Answer {
    const index = this.next++;
    const script = this.scripts[index];
    const peer = this.peers[index];
    if (typeof script === 'string' && peer !== undefined) {
      this.connects.next('accept');
      return { window: peer.window, isRaw: true, accepted: (end) => peer.join(end) };
    }
    const answer = typeof script === 'object' ? script.answer : 'refuse';
    this.connects.next(answer);
    return answer;
  }
}
