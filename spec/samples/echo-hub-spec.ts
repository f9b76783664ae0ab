import { describe, expect, it, jest } from '@jest/globals';
import { plainClient, plainServer, read, readAll } from '../support/plain-net.ts';
import { runSample, runScript } from '../support/run-sample.ts';

jest.setTimeout(30_000);

describe('the echo hub (npm start)', () => {
  it('should tell a newcomer what to type, echo it and show every event', async () => {
    const hub = runScript('samples/echo-hub.ts', '--port', '0');
    const port = await hub.port();
    await hub.line(new RegExp(`nc 127\\.0\\.0\\.1 ${port}$`));

    const client = await plainClient(port);
    client.write('hello\n');
    expect(await read(client, 6)).toBe('hello\n');
    client.end();
    expect(await readAll(client)).toBe('');

    await hub.line(/^#1 accept 127\.0\.0\.1:\d+$/);
    await hub.line(/^#1 receive 6 bytes 'hello\\n'$/);
    await hub.line(/^#1 sent 6 bytes$/);
    await hub.line(/^#1 close peer \(6 bytes in, 6 out\)$/);
  });

  it('should show control characters of a peer only in a form that is harmless to a terminal', async () => {
    const hub = runSample('echo-hub', '--port', '0');
    const client = await plainClient(await hub.port());
    client.write('\x1b[2J\u009b');
    await hub.line(/^#1 receive 6 bytes '\\x1B\[2J\\x9B'$/);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'should stop with exit code 0 on %s while an idle peer that never ends its side is connected',
    async (signal) => {
      const hub = runSample('echo-hub', '--port', '0');
      const client = await plainClient(await hub.port());
      await hub.line(/accept/);
      hub.signal(signal);
      expect(await readAll(client)).toBe('');
      const { code, out, errors } = await hub.ended;
      expect({ code, errors }).toEqual({ code: 0, errors: [] });
      expect(out.at(-1)).toMatch(/^shutdown \(\d closed, \d cut off, 0 bytes lost\)$/);
    },
  );

  it('should survive a second signal, which npm and the terminal may both pass on', async () => {
    const hub = runSample('echo-hub', '--port', '0');
    await plainClient(await hub.port());
    await hub.line(/accept/);
    hub.signal('SIGINT');
    hub.signal('SIGINT');
    expect(await hub.ended).toMatchObject({ code: 0, errors: [] });
  });

  it('should stop quietly when nobody reads its output any more', async () => {
    const hub = runSample('echo-hub', '--port', '0');
    const port = await hub.port();
    await hub.line(/^Ctrl-C stops/);
    hub.output.destroy();
    await plainClient(port);
    expect(await hub.ended).toMatchObject({ code: 0, errors: [] });
  });

  it('should end with exit code 1 and one line when the port is in use', async () => {
    const port = await plainServer(() => undefined);
    const hub = runSample('echo-hub', '--port', String(port));
    expect(await hub.ended).toEqual({
      code: 1,
      out: [],
      errors: [`cannot listen on 127.0.0.1:${port}: address already in use (EADDRINUSE)`],
    });
  });
});
