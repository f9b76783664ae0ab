import type { BytesLike } from '../../bytes/bytes-like.ts';
import { Component } from '../../component/component.ts';
import { type ComponentOptions, componentTable } from '../../component/options.ts';
import type { Connection } from '../../connection/connection.ts';
import type { Wire } from '../../transport/wire.ts';

const checkOptions = componentTable<ComponentOptions>({});

/** A component for one connection that nobody sees: options, clock and flow of the connection come from it. */
class Hermit<In, Out> extends Component<In, Out> {
  constructor(options: ComponentOptions<In, Out>) {
    super(checkOptions(options));
  }

  open(wire: Wire): Connection<In, Out> {
    this.begin();
    this.enter('started');
    const connection = this.newConnection(wire);
    connection.open(wire);
    return this.faceOf(connection);
  }

  protected override release(): void {}

  protected override stopped(): void {}

  protected override connectionEnded(): void {
    this.leave();
  }
}

/**
 * A connection on a wire, established at once and without a component around it.
 *
 * @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name.
 */
export function loneConnection<In = Uint8Array, Out = BytesLike>(
  wire: Wire,
  options: ComponentOptions<In, Out>,
): Connection<In, Out> {
  return new Hermit<In, Out>(options).open(wire);
}
