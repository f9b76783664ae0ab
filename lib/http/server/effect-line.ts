import type { Observable } from 'rxjs';
import type { EndListener } from '../../connection/connection.ts';
import { EventSource, SourceSubscriber } from '../../flow/event-source.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { HttpReply } from './http-response.ts';

/** Answers requests: from those of one connection it makes their answers, in any order. */
export type HttpEffect = (request$: Observable<HttpExchange>) => Observable<HttpReply>;

/** Told of the end of an effect. */
export interface EffectOwner {
  line: EffectLine | undefined;
  /** It has completed or failed. `asked`: because it gets no more requests. */
  effectEnded(line: EffectLine, error: unknown, asked: boolean): void;
}

/** The requests of one connection on their way through an effect, and the answers that come out of it. */
export class EffectLine extends SourceSubscriber<HttpReply> implements EndListener {
  private readonly owner: EffectOwner;
  private readonly effect: HttpEffect;
  private readonly requests: LineSource;
  private retired = false;

  constructor(owner: EffectOwner, effect: HttpEffect) {
    super();
    this.owner = owner;
    this.effect = effect;
    this.requests = new LineSource((error) => this.error(error));
  }

  /** Hands a request to the effect, which begins with the first one. */
  take(exchange: HttpExchange): void {
    const { owner } = this;
    exchange.taker = this;
    if (owner.line !== this) {
      owner.line = this;
      this.start();
    }
    this.requests.publish(exchange);
  }

  /** It gets no more requests; those that it has are still answered. */
  retire(): void {
    this.retired = true;
    this.requests.finish();
  }

  /** Nothing that it still does is of use. */
  connectionEnded(): void {
    this.unsubscribe();
  }

  private start(): void {
    try {
      this.effect(this.requests).subscribe(this);
    } catch (error) {
      this.error(error);
    }
  }

  protected override _next(reply: HttpReply): void {
    let exchange: HttpExchange | undefined;
    try {
      exchange = reply.exchange;
      exchange.respond(reply.response);
    } catch (error) {
      if (exchange === undefined) this.error(error);
      else exchange.failed(error);
    }
  }

  protected override _error(error: unknown): void {
    this.unsubscribe();
    this.owner.effectEnded(this, error, false);
  }

  protected override _complete(): void {
    this.unsubscribe();
    this.owner.effectEnded(this, undefined, this.retired);
  }
}

/** The requests: an observer in the midst of the effect that throws is a failure of the effect. */
class LineSource extends EventSource<HttpExchange> {
  private readonly failed: (error: unknown) => void;

  constructor(failed: (error: unknown) => void) {
    super();
    this.failed = failed;
  }

  override observerThrew(error: unknown): void {
    this.failed(error);
  }
}
