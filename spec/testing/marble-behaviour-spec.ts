import { MarbleTransport } from '../../lib/testing/marble/marble-transport.ts';
import { componentSuite } from '../behaviour/component-suite.ts';

// Time is real here: what a component may rely on must not depend on where the bytes travel.
componentSuite('a marble net', () => {
  const transport = new MarbleTransport({ latency: 0, window: 65_536, allow: () => true });
  transport.begin();
  return {
    server: { transport, host: '127.0.0.1', port: 0 },
    dialler: { transport },
    endpointOf: ({ port = 0 }) => ({ port }),
    refusal: 'ECONNREFUSED',
    hasReset: true,
  };
});
