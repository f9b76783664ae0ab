import { describe, expect, it, jest } from '@jest/globals';
import '../support/cleanup.ts';
import { runSample } from '../support/run-sample.ts';

jest.setTimeout(30_000);

describe('npm run sample', () => {
  it.each([
    { args: [], says: /^which sample\? there are echo-hub, testecho, testecho-pfm, portforward$/ },
    { args: ['toString'], says: /^no sample 'toString': there are echo-hub, testecho,/ },
    { args: ['testecho', 'cast'], says: /^no role of testecho 'cast': there are server, agent, client$/ },
    {
      args: ['testecho', '--port', '70000'],
      says: /^--port must be an integer from 0 to 65535, got '70000'$/,
    },
    { args: ['testecho', '--prot', '1'], says: /^Unknown option '--prot'; legal are --host HOST, --port N,/ },
    { args: ['testecho', 'client', '--message', '-x'], says: /'--message=-XYZ'; legal are --host HOST,/ },
    {
      args: ['testecho-pfm', 'agent', '--size', '0'],
      says: /^--size must be an integer from 1 to 16777216, got '0'$/,
    },
    { args: ['portforward'], says: /^--to must be 'host:port', a port from 0 to 65535, or the path/ },
  ])('should refuse the arguments $args with one line that says what is legal', async ({ args, says }) => {
    const { code, out, errors } = await runSample(...args).ended;
    expect({ code, out, errors }).toEqual({ code: 2, out: [], errors: [expect.stringMatching(says)] });
  });
});
