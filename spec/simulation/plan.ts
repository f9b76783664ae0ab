import type { Codec } from '../../lib/codec/codec.ts';
import type { BytesLike } from '../../lib/bytes/bytes-like.ts';
import { pack } from '../../lib/codec/pack.ts';
import { pull } from '../../lib/codec/pull.ts';
import type { TcpOptions } from '../../lib/component/options.ts';
import { loopLike, type SendPolicyName } from './policies.ts';
import type { Simulation } from '../../lib/testing/simulate.ts';
import type { Weather } from '../../lib/testing/weather/weather.ts';
import type { Framing } from './ledger.ts';

/** How a scenario is set up; everything is up to chance. */
export interface Plan {
  readonly protocol: 'raw' | 'pack' | 'pull';
  readonly framing: Framing;
  readonly dialler: 'agent' | 'client' | 'dial';
  readonly clients: number;
  readonly handlers: boolean;
  readonly consumer: 'plain' | 'flowMap' | 'flowForEach';
  readonly delay: number;
  readonly options: TcpOptions;
}

type BytesCodec = Codec<Uint8Array, Uint8Array, BytesLike, BytesLike>;

const FRAMED = pull(function* (r) {
  const length = yield* r.uint32le();
  return yield* r.fetch(length);
}) as unknown as BytesCodec;

export function makePlan(sim: Simulation): Plan {
  const { random } = sim;
  const protocol = random.pick(['raw', 'pack', 'pull'] as const);
  const codec = { raw: undefined, pack: pack({ flag: 5 }), pull: FRAMED }[protocol] as BytesCodec | undefined;
  const policy = random.pick<SendPolicyName>(['pack', 'safe', 'direct', 'loop']);
  const high = random.pick([1, 300, 5000, 1_000_000]);
  return {
    protocol,
    framing: protocol === 'raw' ? 0 : 4,
    dialler: random.pick(['agent', 'client', 'dial'] as const),
    clients: random.between(1, 3),
    handlers: random.below(2) === 0,
    consumer: random.pick(['plain', 'flowMap', 'flowForEach'] as const),
    delay: random.pick([0, 1, 20, 200]),
    options: {
      ...sim.world,
      codec,
      sendPolicy: loopLike(policy, sim.scheduler),
      bufferSize: random.pick([8, 100, 65_536]),
      halfOpen: random.below(4) === 0,
      highPending: random.pick([100, 2000]),
      maxPending: random.pick([3000, 16_000_000]),
      overflow: random.pick(['error', 'drop-new', 'close'] as const),
      flow: { high, low: Math.floor(high / 2), maxItems: random.pick([1, 3, 1000]), resumeItems: 0 },
      timeouts: {
        connect: random.pick([100, 2000]),
        firstByte: random.pick([0, 0, 500]),
        readIdle: random.pick([0, 0, 400, 1000]),
        writeStall: random.pick([0, 0, 400]),
        drain: random.pick([50, 1000]),
        linger: random.pick([10, 300]),
      },
    },
  };
}

export function randomWeather({ random }: Simulation): Weather {
  const seldom = <T>(value: T, otherwise: T) => (random.below(4) === 0 ? value : otherwise);
  return {
    latency: random.pick([0, 0, 1, 20, 80]),
    jitter: random.pick([0, 0, 5, 50]),
    bandwidth: seldom(random.between(3000, 50_000), 0),
    segment: random.pick([0, 40, 300]),
    coalesce: random.pick([0, 0.5]),
    window: random.pick([65_536, 2000, 200]),
    connectDelay: seldom(random.below(150), 0),
    refuse: seldom(0.3, 0),
    reset: seldom(0.02, 0),
    resetAfter: seldom(random.between(1, 3000), 0),
    vanish: seldom(0.01, 0),
  };
}

/** Something that changes while a scenario runs. */
export function changeWeather(sim: Simulation): void {
  const { network, random } = sim;
  random.pick([
    () => network.weather({ partition: true }),
    () => network.weather({ partition: false }),
    () => network.weather({ stopsReading: random.pick(['client', 'server', 'both', 'none'] as const) }),
    () => network.weather({ stopsReading: 'none', partition: false }),
    () => network.weather(randomWeather(sim)),
    () => network.reset(),
    () => network.vanish(),
  ])();
}
