import { describe, expect, it } from '@jest/globals';
import { firstValueFrom, of } from 'rxjs';
import { OptionError } from '../../../lib/base/errors.ts';
import { type FollowRedirectsOptions, followRedirects } from '../../../lib/http/client/follow-redirects.ts';
import type { HttpRequestInit } from '../../../lib/http/client/client-request.ts';
import { settled } from '../../support/coded-world.ts';
import { ROOT, codeOf, newClient, outcome, serverWorld } from './world.ts';

/** `/<status>/<to>` redirects; everything else tells what it was asked. */
async function world() {
  const asked: string[] = [];
  const { agent, transport } = await serverWorld((exchange) => {
    const { method, target, fields, path } = exchange;
    exchange.text().subscribe((body) => {
      const kept = ['authorization', 'cookie', 'content-type', 'x-own'].filter((name) => fields.has(name));
      asked.push([method, `${fields.get('host') ?? ''}${target}`, body, ...kept].join(' ').trimEnd());
      const [, status, to] = /^\/(\d+)\/(.*)$/.exec(path) ?? [];
      if (status === undefined) exchange.respond({ body: 'here' });
      else {
        const body = status === '304' ? undefined : 'over there';
        const location: Record<string, string> = to === '' ? {} : { Location: decodeURIComponent(to!) };
        exchange.respond({ status: Number(status), body, fields: location });
      }
    });
  });
  const go = (init: HttpRequestInit, options?: FollowRedirectsOptions) =>
    agent.request(init).pipe(followRedirects(agent, options));
  return { asked, agent, transport, go };
}

describe('followRedirects', () => {
  it.each([
    [301, 'GET', 'GET /there'],
    [302, 'HEAD', 'HEAD /there'],
    [301, 'POST', 'GET /there'],
    [302, 'POST', 'GET /there'],
    [302, 'PUT', 'PUT /there body content-type'],
    [303, 'PUT', 'GET /there'],
    [303, 'HEAD', 'HEAD /there'],
    [307, 'POST', 'POST /there body content-type'],
    [308, 'POST', 'POST /there body content-type'],
  ])('should go on after %i of %s with %s', async (status, method, expected) => {
    const { asked, agent, go } = await world();
    const hasBody = method === 'POST' || method === 'PUT';
    const response = await firstValueFrom(
      go({
        url: `${ROOT}/${status}/%2Fthere`,
        method,
        ...(hasBody ? { body: 'body', fields: { 'content-type': 'text/plain' } } : {}),
      }),
    );
    expect([response.status, response.url]).toEqual([200, `${ROOT}/there`]);
    expect(asked[1]).toBe(expected.replace('/', 'localhost/'));
    await settled();
    expect(agent.connections.size).toBe(1);
  });

  it('should find out where to', async () => {
    const { go } = await world();
    const url = async (to: string) =>
      (await firstValueFrom(go({ url: `${ROOT}/302/${encodeURIComponent(to)}` }))).url;
    expect(await url('/a?b=c#d')).toBe('http://localhost/a?b=c');
    expect(await url('../next')).toBe('http://localhost/next');
    expect(await url('//127.0.0.1/x')).toBe('http://127.0.0.1/x');
    expect(await url('http://127.0.0.2')).toBe('http://127.0.0.2/');
  });

  it('should keep credentials within their origin', async () => {
    const { asked, go } = await world();
    const fields = { Authorization: 'secret', COOKIE: 'a=b', 'X-Own': '1', Host: 'own.test' };
    await firstValueFrom(go({ url: `${ROOT}/302/%2Fsame`, fields }));
    await firstValueFrom(go({ url: `${ROOT}/302/${encodeURIComponent('http://127.0.0.1/other')}`, fields }));
    expect(asked).toEqual([
      'GET own.test/302/%2Fsame  authorization cookie x-own',
      'GET own.test/same  authorization cookie x-own',
      'GET own.test/302/http%3A%2F%2F127.0.0.1%2Fother  authorization cookie x-own',
      'GET 127.0.0.1/other  x-own',
    ]);
  });

  it('should follow only so many', async () => {
    const { asked, go } = await world();
    const chain = (length: number): string =>
      length === 0 ? '/end' : `/302/${encodeURIComponent(chain(length - 1))}`;
    expect(await outcome(go({ url: ROOT + chain(3) }, { max: 3 }))).toBe('status 200');
    expect(await outcome(go({ url: ROOT + chain(4) }, { max: 3 }))).toBe('ERR_HTTP_REDIRECT');
    expect(await outcome(go({ url: ROOT + chain(1) }, { max: 0 }))).toBe('ERR_HTTP_REDIRECT');
    expect(asked.length).toBe(4 + 4 + 1);
  });

  it.each([[300], [304], [305], [306], [404]])('should leave %i alone', async (status) => {
    const { go } = await world();
    expect((await firstValueFrom(go({ url: `${ROOT}/${status}/there` }))).status).toBe(status);
  });

  it('should leave alone what leads nowhere', async () => {
    const { go } = await world();
    const response = await firstValueFrom(go({ url: `${ROOT}/302/` }));
    expect(await firstValueFrom(response.text())).toBe('over there');
  });

  it.each([['ftp://localhost/'], ['http://user@localhost/'], ['http://:80'], ['javascript:alert(1)']])(
    'should refuse %s',
    async (to) => {
      const { agent, go } = await world();
      expect(await outcome(go({ url: `${ROOT}/302/${encodeURIComponent(to)}` }))).toBe('ERR_HTTP_REDIRECT');
      await settled();
      expect(agent.idleConnections).toBe(1);
    },
  );

  it('should not send an Observable twice', async () => {
    const { go } = await world();
    const body = of('body');
    expect(await outcome(go({ url: `${ROOT}/307/there`, method: 'POST', body }))).toBe('ERR_HTTP_REDIRECT');
    expect(await outcome(go({ url: `${ROOT}/303/%2Fthere`, method: 'POST', body }))).toBe('status 200');
  });

  it('should ask whether to follow', async () => {
    const { go } = await world();
    const seen: unknown[] = [];
    const follow: FollowRedirectsOptions['follow'] = ({ url, method, count, response }) => {
      seen.push([response.status, url, method, count]);
      return count < 2;
    };
    const response = await firstValueFrom(
      go({ url: `${ROOT}/301/${encodeURIComponent('/302/x')}`, method: 'POST' }, { follow }),
    );
    expect(seen).toEqual([
      [301, 'http://localhost/302/x', 'GET', 1],
      [302, 'http://localhost/302/x', 'GET', 2],
    ]);
    expect(await firstValueFrom(response.text())).toBe('over there');
    const thrown = () => {
      throw new RangeError('no');
    };
    expect(await outcome(go({ url: `${ROOT}/301/x` }, { follow: thrown }))).toBe('RangeError');
  });

  it('should take back what is under way', async () => {
    const { agent } = await serverWorld((exchange) => {
      if (exchange.path === '/') exchange.respond({ status: 302, fields: { Location: '/slow' } });
    });
    const request = agent.get(ROOT).pipe(followRedirects(agent)).subscribe();
    await settled();
    await settled();
    expect(agent.idleConnections).toBe(0);
    request.unsubscribe();
    await settled();
    expect(agent.connections.size).toBe(0);
  });

  it('should work with a client, on its own server', async () => {
    const { transport } = await world();
    const client = newClient({ transport, to: 'localhost:80' });
    await client.start();
    const go = (path: string) => outcome(client.get(path).pipe(followRedirects(client)));
    expect(await go('/302/%2Fthere')).toBe('status 200');
    expect(await go(`/302/${encodeURIComponent('http://127.0.0.1/')}`)).toBe('ERR_OPTION');
  });

  it('should check its options', async () => {
    const { agent } = await world();
    expect(() => followRedirects(agent, { max: -1 })).toThrow(OptionError);
    expect(codeOf(new OptionError('a', 'b', 'c'))).toBe('ERR_OPTION');
  });
});
