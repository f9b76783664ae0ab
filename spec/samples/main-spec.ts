import { describe, expect, it, jest } from '@jest/globals';
import '../support/cleanup.ts';
import { runSample } from '../support/run-sample.ts';

jest.setTimeout(30_000);

describe('npm run sample', () => {
  it.each([
    {
      args: [],
      says: /^which sample\? there are echo-hub, testecho, testecho-pfm, testecho-pack, testecho-pull, testecho-ssl, testecho-ssl-pfm, testecho-ssl-pack, testecho-ssl-pull, testecho-udp, testecho-udp-pfm, testecho-arq, testudpcast, testecho-http, portforward, httpfiles, httpproxy$/,
    },
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
    {
      args: ['testecho-pack', '--flag', '1024'],
      says: /^--flag must be an integer from 0 to 1023, decimal or hexadecimal such as 0x169, got '1024'$/,
    },
    { args: ['testecho-pack', 'client', '--flag', '0x'], says: /^--flag must be .* got '0x'$/ },
    {
      args: ['testecho-pack', 'agent', '--max', '0'],
      says: /^--max must be an integer from 1 to 4194303, got '0'$/,
    },
    {
      args: ['testecho-pull', '--max', '4194304'],
      says: /^--max must be an integer from 1 to 4194303, got '4194304'$/,
    },
    {
      args: ['testecho-pull', 'client', '--flag', '1'],
      says: /^Unknown option '--flag'; legal are --host HOST, --port N, --json, --max N, --message TEXT, --count N$/,
    },
    {
      args: ['testecho-ssl', 'client', '--cart', 'x.pem'],
      says: /^Unknown option '--cart'; legal are .* --cert FILE, --key FILE, --password TEXT, --ca FILE$/,
    },
    { args: ['portforward'], says: /^--to must be 'host:port', a port from 0 to 65535, or the path/ },
  ])('should refuse the arguments $args with one line that says what is legal', async ({ args, says }) => {
    const { code, out, errors } = await runSample(...args).ended;
    expect({ code, out, errors }).toEqual({ code: 2, out: [], errors: [expect.stringMatching(says)] });
  });
});
