import { describe, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { tcp } from '../../lib/transport/tcp.ts';
import { echoServer, tlsAgent, identity, endingOf, certificateFile } from '../support/tls-world.ts';
const rows: any[] = [
  ['wrong host', { server: identity('wrong-host') }],
  ['wrong name', { connect: {serverName: 'other.test'} }],
  ['expired', { server: identity('expired') }],
  ['self', { server: identity('self-signed') }],
  ['unknown CA', { server: identity('other-server') }],
  ['no client cert', { server: { clientCertificate: 'require', caFile: certificateFile('ca') } }],
  ['other client cert require', { server: { clientCertificate: 'require', caFile: certificateFile('ca') }, client: identity('other-client') }],
  ['other client cert verify', { server: { clientCertificate: 'verify', caFile: certificateFile('ca') }, client: identity('other-client') }],
  ['version s', { server: { minVersion: 'TLSv1.3'}, client: {maxVersion:'TLSv1.2'} }],
  ['version c', { server: { maxVersion: 'TLSv1.2'}, client: {minVersion:'TLSv1.3'} }],
  ['cipher12', { server: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256'}, client: {ciphers:'ECDHE-ECDSA-AES256-GCM-SHA384'} }],
  ['cipher13', { server: { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256'}, client: {minVersion:'TLSv1.3',ciphers:'TLS_AES_256_GCM_SHA384'} }],
  ['alpn', { server: { alpn: ['a']}, client: {alpn:['b']} }],
  ['name', { server: { onServerName: () => 'refuse'}, connect: {serverName: 'localhost'} }],
];
describe('p', () => {
  for (const [n, t] of [['tcp', () => tcp], ['mem', () => new MemoryNetwork()]] as const)
  for (const v of ['TLSv1.2','TLSv1.3'])
  for (const [name, row] of rows) it(`${n} ${v} ${name}`, async () => {
    const transport = t();
    const max = row.client?.minVersion || row.server?.minVersion ? {} : {maxVersion: v};
    const s = await echoServer({ ...row.server }, { transport });
    const a = await tlsAgent({...max, ...row.client} as any, { transport });
    const sc = s.nextClose(), ac = firstValueFrom(a.close$);
    let r: any; let hs = 0; s.server.handshake$.subscribe(() => hs++);
    await a.connect({host:'127.0.0.1', port: s.port}, row.connect).then((c) => { r = 'connected'; c.receive$.subscribe({error(){}}); }, (e) => r = e.code);
    const x = [r, endingOf(await ac), hs, endingOf(await sc)];
    process.stdout.write(`${n} ${v} ${name}: ${JSON.stringify(x)}\n`);
  }, 3000);
});
