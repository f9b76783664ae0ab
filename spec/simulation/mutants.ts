import { Component } from '../../lib/component/component.ts';
import { FlowGate } from '../../lib/flow/flow-gate.ts';
import { StreamConnection } from '../../lib/connection/stream-connection.ts';
import type { Transport, Wire, WireHandler } from '../../lib/transport/wire.ts';

/** What a faulty wire does to a handler's events. */
type Fault = (handler: WireHandler) => Partial<WireHandler>;

/** A network whose wires have a fault. */
export function faulty(network: Transport, fault: Fault): Transport {
  return {
    listen: (request, handler) =>
      network.listen(request, {
        ...handler,
        accepted: (wire) => handler.accepted(new FaultyWire(wire, fault)),
      }),
    connect: (request, handler) =>
      network.connect(request, {
        ...handler,
        connected: (wire) => handler.connected(new FaultyWire(wire, fault)),
      }),
  };
}

class FaultyWire implements Wire {
  private readonly wire: Wire;
  private readonly fault: Fault;

  constructor(wire: Wire, fault: Fault) {
    this.wire = wire;
    this.fault = fault;
  }

  get local() {
    return this.wire.local;
  }

  get remote() {
    return this.wire.remote;
  }

  get unsent() {
    return this.wire.unsent;
  }

  attach(handler: WireHandler): void {
    this.wire.attach({
      wireReceived: (bytes) => handler.wireReceived(bytes),
      wireEnded: () => handler.wireEnded(),
      wireWritten: () => handler.wireWritten(),
      wireClosed: (error) => handler.wireClosed(error),
      ...this.fault(handler),
    });
  }

  resume = () => this.wire.resume();
  pause = () => this.wire.pause();
  unread = (rest: Uint8Array) => this.wire.unread(rest);
  write = (bytes: Uint8Array) => this.wire.write(bytes);
  writev = (pieces: readonly Uint8Array[]) => this.wire.writev(pieces);
  end = () => this.wire.end();
  reset = () => this.wire.reset();
  destroy = () => this.wire.destroy();
}

/** Loses one byte of each connection, at the end of a read. */
export const dropsAByte: Fault = (handler) => {
  let dropped = false;
  return {
    wireReceived: (bytes) => {
      const isNow = !dropped && bytes.length > 1;
      if (isNow) dropped = true;
      handler.wireReceived(isNow ? bytes.subarray(0, -1) : bytes);
    },
  };
};

/** Delivers the last byte of the first read twice. */
export const doublesAByte: Fault = (handler) => {
  let doubled = false;
  return {
    wireReceived: (bytes) => {
      handler.wireReceived(doubled ? bytes : Uint8Array.of(...bytes, bytes[bytes.length - 1] as number));
      doubled = true;
    },
  };
};

/** Swaps the halves of the first read that has any. */
export const swapsChunks: Fault = (handler) => {
  let swapped = false;
  return {
    wireReceived: (bytes) => {
      const half = bytes.length >> 1;
      const isNow = !swapped && half > 0;
      if (isNow) swapped = true;
      handler.wireReceived(
        isNow ? Uint8Array.of(...bytes.subarray(half), ...bytes.subarray(0, half)) : bytes,
      );
    },
  };
};

/** Never tells that it has closed. */
export const losesTheClose: Fault = () => ({ wireClosed: () => undefined });

/** Tells of the end before the last bytes, which then never come. */
export const endsTooEarly: Fault = (handler) => {
  let reads = 0;
  return {
    wireReceived: (bytes) => {
      if (++reads > 1) return;
      handler.wireReceived(bytes);
    },
  };
};

/** Lets a method of a class do something else while `work` runs. */
export function patched<T extends object, Name extends keyof T>(
  prototype: T,
  name: Name,
  replace: (original: T[Name]) => T[Name],
  work: () => void,
): void {
  const original = prototype[name];
  prototype[name] = replace(original);
  try {
    work();
  } finally {
    prototype[name] = original;
  }
}

type AnyMethod = (...args: never[]) => unknown;

/** A mistake in the library, made by replacing a method for a while. */
export interface Mutation {
  readonly prototype: object;
  readonly method: string;
  readonly instead: (this: object, original: AnyMethod, args: never[]) => unknown;
}

/** Runs `work` with a mistake in the library. */
export function withMutation({ prototype, method, instead }: Mutation, work: () => void): void {
  const methods = prototype as Record<string, AnyMethod>;
  patched(
    methods,
    method,
    (original) =>
      function (this: object, ...args: never[]) {
        return instead.call(this, original, args);
      },
    work,
  );
}

/** `close$` of the component comes twice. */
export const closesTwice: Mutation = {
  prototype: Component.prototype,
  method: 'closed',
  instead(original, args) {
    original.apply(this, args);
    original.apply(this, args);
  },
};

/** A closed connection still tells of bytes that were sent. */
export const speaksAfterClose: Mutation = {
  prototype: Component.prototype,
  method: 'closed',
  instead(original, args) {
    original.apply(this, args);
    Reflect.apply(Component.prototype.sent, this, [args[0], Uint8Array.of(1)]);
  },
};

/** Every tenth lease is never released. */
export function forgetsLeases(): Mutation {
  let ended = 0;
  return {
    prototype: FlowGate.prototype,
    method: 'endLease',
    instead(original, args) {
      if (++ended % 10 !== 0) original.apply(this, args);
    },
  };
}

/** A component does not learn that leases of its connections have ended. */
export const keepsLeases: Mutation = {
  prototype: FlowGate.prototype,
  method: 'childReports',
  instead(original, args) {
    const [, change] = args as unknown as [never, number];
    if (change > 0) original.apply(this, args);
  },
};

/** The timer of a stop is left behind. */
export const leavesATimer: Mutation = {
  prototype: Component.prototype,
  method: 'finishStop',
  instead(original, args) {
    const { stopping } = this as { stopping?: { timer?: unknown } };
    if (stopping !== undefined) stopping.timer = undefined;
    original.apply(this, args);
  },
};

/** A connection that is closed still has its deadlines. */
export const leavesDeadlines: Mutation = {
  prototype: StreamConnection.prototype,
  method: 'finish',
  instead(original, args) {
    const { watch } = this as { watch?: { stop: () => void } };
    if (watch !== undefined) watch.stop = () => undefined;
    original.apply(this, args);
  },
};

/** Counts every connection that is closed by a stop once too often. */
export const miscountsStops: Mutation = {
  prototype: Component.prototype,
  method: 'closed',
  instead(original, args) {
    const { stopping } = this as { stopping?: { closed: number } };
    if (stopping !== undefined) stopping.closed++;
    original.apply(this, args);
  },
};
