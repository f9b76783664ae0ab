import { describe, expect, it, jest } from '@jest/globals';
import { runSample } from '../support/run-sample.ts';

jest.setTimeout(30_000);

describe.each([
  { name: 'testecho-ssl-pull', received: /^#\d receive packet [12] of 5 bytes 'hello'$/, bytes: 26 },
  { name: 'testecho-ssl-pack', received: /^#\d receive 5 bytes 'hello'$/, bytes: 18 },
])('$name', ({ name, received, bytes }) => {
  it.each([
    { role: 'client', connections: 1, how: [] },
    { role: 'agent', connections: 2, how: ['--connections', '2'] },
  ])('should bring the packets of the $role back over TLS', async ({ role, connections, how }) => {
    const server = runSample(name, 'server', '--port', '0');
    await server.line(/^listening tls /);
    const port = String(await server.port());
    const { code, out, errors } = await runSample(
      ...[name, role, '--port', port, '--message', 'hello', '--count', '2', ...how],
    ).ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });

    const many = (pattern: RegExp) => out.filter((line) => pattern.test(line)).length;
    expect(many(/^#\d handshake TLSv1\.3 TLS_\w+ with CN=localhost$/)).toBe(connections);
    expect(many(received)).toBe(2 * connections);
    expect(many(new RegExp(` close \\w+ \\(${bytes} bytes in, ${bytes} out\\)$`))).toBe(connections);

    await server.line(/^#1 handshake TLSv1\.3 TLS_\w+ with CN=client$/);
    await server.line(new RegExp(`^#${connections} close \\w+ \\(${bytes} bytes in, ${bytes} out\\)$`));
    server.signal('SIGINT');
    expect(await server.ended).toMatchObject({ code: 0, errors: [] });
  });

  it('should not talk to its plain twin', async () => {
    const server = runSample(name, 'server', '--port', '0');
    const port = String(await server.port());
    const plain = runSample(name.replace('-ssl', ''), 'client', '--port', port, '--message', 'hello');
    expect((await plain.ended).code).toBe(1);
    await server.line(/^#1 close tls ERR_TLS_\w+ \(0 bytes in, 0 out\)$/);
  });

  it('should refuse a password that is wrong on the server too', async () => {
    expect(await runSample(name, 'server', '--port', '0', '--password', 'wrong').ended).toEqual({
      code: 2,
      out: [],
      errors: [expect.stringMatching(/^ERR_TLS_KEY_PASSWORD: tls\.keyPassword: /)],
    });
  });
});

describe('testecho-ssl-pfm', () => {
  const load = ['--connections', '5', '--messages', '20', '--size', '1000', '--interval', '0'];

  it.each(['client', 'agent'])(
    'should bring everything of the %s back over TLS and print the result with the handshake',
    async (role) => {
      const server = runSample('testecho-ssl-pfm', 'server', '--port', '0');
      await server.line(/^listening tls /);
      const port = String(await server.port());
      const { code, out, errors } = await runSample('testecho-ssl-pfm', role, '--port', port, ...load).ended;
      expect({ code, errors }).toEqual({ code: 0, errors: [] });
      expect(out[0]).toMatch(/^handshake {4}TLSv1\.3 TLS_\w+ with CN=localhost$/);
      expect(out.slice(1, 5)).toEqual([
        'connections  5',
        'messages     100 of 1000 bytes',
        'expected     100000 bytes',
        'received     100000 bytes',
      ]);
      expect(out.at(-1)).toBe('Success');
      await server.line(/^summary: 5 connections, 100000 bytes received, 100000 bytes sent$/);
    },
  );

  it('should report the handshake as JSON with --json', async () => {
    const server = runSample('testecho-ssl-pfm', 'server', '--port', '0');
    const port = String(await server.port());
    const { out } = await runSample('testecho-ssl-pfm', 'client', '--port', port, ...load, '--json').ended;
    expect(JSON.parse(out[0] ?? '')).toMatchObject({
      success: true,
      tls: { protocol: 'TLSv1.3', peer: 'CN=localhost' },
      received: 100_000,
    });
  });

  it('should exit with 1 and one line when it does not trust the server', async () => {
    const server = runSample('testecho-ssl-pfm', 'server', '--port', '0');
    const port = String(await server.port());
    const { code, out, errors } = await runSample(
      ...['testecho-ssl-pfm', 'client', '--port', port, '--ca', 'samples/certificates/other-ca.pem', ...load],
    ).ended;
    expect({ code, out }).toEqual({ code: 1, out: [] });
    expect(errors).toEqual([expect.stringMatching(/^ERR_TLS_PEER_CERTIFICATE: /)]);
  });
});
