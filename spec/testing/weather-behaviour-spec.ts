import { asapScheduler } from 'rxjs';
import { WeatherNetwork, type WeatherNetworkOptions } from '../../lib/testing/weather/weather-network.ts';
import { type Wiring, componentSuite } from '../behaviour/component-suite.ts';

const wiring = (options: WeatherNetworkOptions): Wiring => {
  const transport = new WeatherNetwork(options);
  return {
    server: { transport, host: '127.0.0.1', port: 0 },
    dialler: { transport },
    endpointOf: ({ port = 0 }) => ({ port }),
    refusal: 'ECONNREFUSED',
    hasReset: true,
  };
};

componentSuite('a network in calm weather', () => wiring({ scheduler: asapScheduler }));
