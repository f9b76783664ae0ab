import { describe, expect, it } from '@jest/globals';
import { hostAddress, hostAddresses, ipType, isIPAddress } from '../../lib/sys/addresses.ts';
import type { Lookup } from '../../lib/transport/wire.ts';

const lookup: Lookup = (host, callback) => {
  if (host === 'fails') callback(Object.assign(new Error('no'), { code: 'EAI_AGAIN' }), []);
  else if (host === 'both')
    callback(null, [
      { address: '::1', family: 6 },
      { address: '10.0.0.1', family: 4 },
    ]);
  else callback(null, []);
};

describe('addresses', () => {
  it('should tell IP addresses from anything else', () => {
    expect(['1.2.3.4', '::', '::ffff:1.2.3.4', '1.2.3', 'host', '', 'fe80::1%lo'].map(ipType)).toEqual([
      'IPv4',
      'IPv6',
      'IPv6',
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect([isIPAddress('::1'), isIPAddress('::g')]).toEqual([true, false]);
  });

  it('should enumerate the addresses of a host in the order of the resolver', async () => {
    const v6 = { type: 'IPv6', address: '::1' };
    const v4 = { type: 'IPv4', address: '10.0.0.1' };
    expect(await hostAddresses('both', { lookup })).toEqual([v6, v4]);
    expect(await hostAddresses('both', { lookup, type: 'IPv4' })).toEqual([v4]);
    expect(await hostAddress('both', { lookup })).toEqual(v6);
    expect(await hostAddress('both', { lookup, type: 'IPv4' })).toEqual(v4);
  });

  it('should take an IP address for its own, if it is of the wanted type', async () => {
    expect(await hostAddresses('10.1.2.3')).toEqual([{ type: 'IPv4', address: '10.1.2.3' }]);
    await expect(hostAddress('10.1.2.3', { type: 'IPv6' })).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('should know localhost', async () => {
    expect((await hostAddress('localhost')).address).toMatch(/^(127\.0\.0\.1|::1)$/);
  });

  it('should reject with the code of the resolver', async () => {
    await expect(hostAddresses('fails', { lookup })).rejects.toMatchObject({ code: 'EAI_AGAIN' });
    await expect(hostAddresses('nobody', { lookup })).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('should give up when the signal aborts', async () => {
    const reason = new Error('enough');
    const aborted = AbortSignal.abort(reason);
    await expect(hostAddresses('both', { lookup, signal: aborted })).rejects.toMatchObject({
      code: 'ERR_ABORTED',
      cause: reason,
    });
    const controller = new AbortController();
    const never: Lookup = () => undefined;
    const waiting = hostAddresses('slow', { lookup: never, signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });

  it('should refuse illegal options', async () => {
    await expect(hostAddresses('both', { type: 'IPv5' as never })).rejects.toMatchObject({ option: 'type' });
  });
});
