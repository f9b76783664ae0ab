import type { SchedulerLike } from 'rxjs';
import { MAX_TIMER, anything, integer, table } from '../base/options.ts';
import { Random } from './random.ts';
import { SimulationError } from './simulation/simulation-error.ts';
import { Trace } from './simulation/trace.ts';
import { VirtualClock } from './simulation/virtual-clock.ts';
import { inVirtualTime } from './simulation/virtual-time.ts';
import type { WeatherEvent } from './weather/link.ts';
import { WeatherNetwork } from './weather/weather-network.ts';
import { type Weather, chance } from './weather/weather.ts';

export { SimulationError };

/** Options of {@link simulate}. */
export interface SimulateOptions {
  /**
   * Where chance begins; the same seed gives the same run, event by event. 0 to 2^32 - 1.
   * @default 1
   */
  readonly seed?: number;
  /**
   * Virtual milliseconds after which the run ends, whatever is still to come. 0 (when nothing is left to do) to
   * 2147483647.
   * @default 0
   */
  readonly duration?: number;
  /** @default calm; see {@link Weather} */
  readonly weather?: Weather;
  /**
   * Pieces of work after which a run is taken for endless. 1 to 2^53 - 1.
   * @default 100000000
   */
  readonly maxActions?: number;
  /**
   * How many of the last events a {@link SimulationError} tells. 0 to 100000.
   * @default 40
   */
  readonly lastEvents?: number;
}

const checkOptions = table<SimulateOptions>({
  seed: integer({ min: 0, max: 2 ** 32 - 1, fallback: 1 }),
  duration: integer({ min: 0, max: MAX_TIMER, fallback: 0 }),
  weather: anything() as never,
  maxActions: integer({ min: 1, max: Number.MAX_SAFE_INTEGER, fallback: 100_000_000 }),
  lastEvents: integer({ min: 0, max: 100_000, fallback: 40 }),
});

/** What a scenario works with. */
export interface Simulation {
  readonly seed: number;
  /** The virtual clock; option `scheduler` of components. It begins at 0. */
  readonly scheduler: SchedulerLike;
  /** The network; option `transport` of components. */
  readonly network: WeatherNetwork;
  /** Both of them, to be spread into the options of components. */
  readonly world: { readonly scheduler: SchedulerLike; readonly transport: WeatherNetwork };
  /** Chance for the scenario; the weather has its own. */
  readonly random: Random;
  /** Virtual milliseconds since the beginning. */
  readonly now: number;
  /** Pieces of work that wait to be done: timers, and what is under way in the network. */
  readonly pending: number;
  /** Does something at a time, in virtual milliseconds since the beginning. */
  at(time: number, work: () => unknown): void;
  /** Like `Math.random`: 0 up to, not including, 1. To be option `random` of `reconnect`. */
  readonly chance: () => number;
  /** Notes an event of the scenario among those of the network. */
  readonly note: (...parts: readonly (string | number)[]) => void;
}

/** How a run went. */
export interface SimulationReport {
  readonly seed: number;
  /** When it ended, in virtual milliseconds. */
  readonly time: number;
  /** Pieces of work done. */
  readonly actions: number;
  /** Events of the network and of the scenario. */
  readonly events: number;
  /** The same for two runs only if all their events are the same. */
  readonly hash: string;
  /** Pieces of work that were still to be done. */
  readonly pending: number;
}

/**
 * Runs a scenario in virtual time, in a network with weather: minutes and hours pass in milliseconds, and the same
 * seed gives the same run, event by event.
 *
 * While it runs, `asyncScheduler`, `asapScheduler` and everything else in RxJS that asks for the time is virtual too:
 * operators such as `delay` and `timeout` need no scheduler. Promises are not: they make no progress before the run
 * has ended, so a scenario is made of Observables and events. Nor are `loopScheduler`, `sendFile`, `setTimeout` and
 * `Date`.
 *
 * @param scenario Sets everything up; called once, at time 0. If it returns a function, that is called at the end, and
 * may throw when it does not like what it finds.
 * @throws SimulationError when the scenario, an observer or a timer throws, and when there is no end; it tells the seed
 * and what happened last.
 * @throws OptionError (`ERR_OPTION`) for an illegal option.
 *
 * @example
 * const report = simulate({ seed: 7, weather: { latency: 50, segment: 100 } }, ({ world, at }) => {
 *   const server = new TcpServer({ ...world, port: 1 });
 *   server.receive$.subscribe(({ connection, data }) => connection.send(data));
 *   void server.start();
 *   dial(1, world)
 *     .pipe(reconnect(), switchMap((connection) => (connection.send('hello'), connection.receive$)), takeUntil(timer(3_600_000)))
 *     .subscribe();
 *   at(3_600_000, () => server.stop());
 * });
 */
export function simulate(
  options: SimulateOptions,
  scenario: (simulation: Simulation) => unknown,
): SimulationReport {
  const { seed, duration, weather, maxActions, lastEvents } = checkOptions(options);
  const clock = new VirtualClock();
  const trace = new Trace(lastEvents);
  const observe = ({ time, connection, what, side, bytes }: WeatherEvent) =>
    trace.note(time, [what, connection, side, bytes]);
  const network = new WeatherNetwork({ scheduler: clock, seed, weather: weather, observe });
  const simulation = simulationOf(seed, clock, network, trace);
  inVirtualTime(clock, () => {
    try {
      const check = scenario(simulation);
      if (isPromise(check))
        throw new Error('a scenario must not be async: promises do not go on in virtual time');
      if (!clock.run(duration === 0 ? Infinity : duration, maxActions))
        throw new Error(`there is no end after ${maxActions} pieces of work (option maxActions)`);
      if (typeof check === 'function') (check as () => unknown)();
    } catch (cause) {
      calmDown(clock);
      throw new SimulationError({ seed, time: clock.now(), events: trace.last(), cause });
    }
  });
  const { ran: actions, pending } = clock;
  return { seed, time: clock.now(), actions, events: trace.count, hash: trace.hash, pending };
}

function simulationOf(seed: number, clock: VirtualClock, network: WeatherNetwork, trace: Trace): Simulation {
  const random = new Random(seed ^ 0x5eed_5eed);
  return {
    seed,
    scheduler: clock,
    network,
    world: { scheduler: clock, transport: network },
    random,
    get now() {
      return clock.now();
    },
    get pending() {
      return clock.pending;
    },
    at: (time, work) => void clock.schedule(() => void work(), time - clock.now()),
    chance: () => chance(random),
    note: (...parts) => trace.note(clock.now(), parts),
  };
}

/** What the library does at the end of the turn is done even after a failure, since it is common to all components. */
function calmDown(clock: VirtualClock): void {
  for (let tries = 0; tries < 1000; tries++) {
    try {
      clock.runSoon(1000);
      return;
    } catch {
      // The first failure is the one to tell of.
    }
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function';
}
