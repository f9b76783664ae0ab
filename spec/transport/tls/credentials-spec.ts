import { type KeyObject, X509Certificate, createPrivateKey } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createSecureContext } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NetworkError, OptionError } from '../../../lib/base/errors.ts';
import { table } from '../../../lib/base/options.ts';
import {
  type TlsCredentials,
  credentialChecks,
  loadCredentials,
} from '../../../lib/transport/tls/credentials.ts';
import { TlsSetupError } from '../../../lib/transport/tls/tls-setup-error.ts';

const fixtures = fileURLToPath(new URL('../../../samples/certificates/', import.meta.url));
const PASSWORD = '123456';
/** A wrong one that would be noticed in a message. */
const WRONG = 'xyzzy-plugh';

const path = (name: string) => join(fixtures, `${name}.pem`);
const pem = (name: string) => readFileSync(path(name), 'utf8');
const load = (given: TlsCredentials) => loadCredentials(given, 'tls.');

/** Credentials without their paths, having been accepted by Node. */
function usable(given: TlsCredentials) {
  const { files, ...material } = load(given);
  expect(files).toEqual([given.certFile, given.keyFile].filter((file) => file !== undefined));
  createSecureContext(material);
  return material;
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'credentials-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a file for one test; answers with its path. */
function file(name: string, content: string | Uint8Array): string {
  const written = join(folder, name);
  writeFileSync(written, content);
  return written;
}

/** Makes a folder for one test. */
function subfolder(name: string): string {
  const made = join(folder, name);
  mkdirSync(made);
  return made;
}

/** What loading fails with; no part of it, shown or not, may hold a key or a password. */
function failure(given: TlsCredentials): NetworkError {
  try {
    load(table(credentialChecks)(given, 'tls.'));
  } catch (error) {
    expect(error).toBeInstanceOf(NetworkError);
    const all = inspect(error, { depth: null, showHidden: true, maxStringLength: null });
    for (const secret of [PASSWORD, WRONG, ...keyLines()]) expect(all).not.toContain(secret);
    return error as NetworkError;
  }
  throw new Error('nothing was thrown');
}

/** Every long line of base64 of the keys that the tests use. */
function keyLines(): string[] {
  const names = ['server-key', 'server-key-encrypted', 'client-key', 'rsa-key', 'chain-key'];
  return names.flatMap((name) => pem(name).split('\n')).filter((line) => /^[^-]{16}/.test(line));
}

function setupFailure(given: TlsCredentials): Pick<TlsSetupError, 'code' | 'option' | 'message'> {
  const error = failure(given);
  if (!(error instanceof TlsSetupError)) throw error;
  const { code, option, message } = error;
  return { code, option, message };
}

/** The key of a fixture. */
const keyOf = (name: string): KeyObject => createPrivateKey(pem(name));

describe('certificates of the samples', () => {
  const names = readdirSync(fixtures)
    .filter((name) => name.endsWith('.pem') && !name.includes('key'))
    .map((name) => name.slice(0, -'.pem'.length));
  const pairs = names.filter((name) => name !== 'other-ca');

  it.each(pairs)('should have %s together with its key', (name) => {
    expect(usable({ certFile: path(name), keyFile: path(`${name}-key`) })).not.toHaveProperty('ca');
  });

  it.each(names.filter((name) => name !== 'expired'))('should have %s valid for a century', (name) => {
    const { validFrom, validTo } = new X509Certificate(pem(name));
    expect(Date.parse(validFrom)).toBeLessThan(Date.parse('2021-01-01'));
    expect(Date.parse(validTo)).toBeGreaterThan(Date.parse('2125-12-01'));
  });

  it('should have one that has expired', () => {
    expect(Date.parse(new X509Certificate(pem('expired')).validTo)).toBeLessThan(Date.parse('2022-01-01'));
  });

  it.each([
    ['ca', 'ca'],
    ['server', 'ca'],
    ['client', 'ca'],
    ['rsa', 'ca'],
    ['expired', 'ca'],
    ['wrong-host', 'ca'],
    ['example', 'ca'],
    ['wildcard', 'ca'],
    ['self-signed', 'self-signed'],
    ['other-server', 'other-ca'],
    ['other-client', 'other-ca'],
  ])('should have %s signed by %s', (name, issuer) => {
    expect(new X509Certificate(pem(name)).verify(new X509Certificate(pem(issuer)).publicKey)).toBe(true);
  });

  it.each([
    ['server', ['localhost', 'server.test'], ['127.0.0.1', '::1']],
    ['rsa', ['localhost'], ['127.0.0.1']],
    ['chain', ['localhost'], ['127.0.0.1']],
    ['expired', ['localhost'], ['127.0.0.1']],
    ['self-signed', ['localhost'], ['127.0.0.1']],
    ['other-server', ['localhost'], ['127.0.0.1']],
    ['wrong-host', ['elsewhere.test'], []],
    ['example', ['example.org'], []],
    ['wildcard', ['www.example.org', 'mail.example.org'], []],
  ])('should have %s for %j and %j', (name, hosts, addresses) => {
    const certificate = new X509Certificate(pem(name));
    for (const host of hosts) expect(certificate.checkHost(host)).toBeDefined();
    for (const address of addresses) expect(certificate.checkIP(address)).toBe(address);
    expect(certificate.checkHost('elsewhere.example')).toBeUndefined();
  });
});

describe('loadCredentials', () => {
  it('should need nothing', () => {
    expect(load({})).toEqual({ files: [] });
  });

  it('should give the same from files, texts and bytes', () => {
    const { files, ...material } = load({
      certFile: path('server'),
      keyFile: path('server-key'),
      caFile: path('ca'),
    });
    expect(material).toEqual({ cert: pem('server'), key: pem('server-key'), ca: [pem('ca')] });
    expect(files).toEqual([path('server'), path('server-key'), path('ca')]);

    const texts = { cert: pem('server'), key: pem('server-key'), ca: pem('ca') };
    expect(load(texts)).toEqual({ ...material, files: [] });
    const bytes = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)]));
    expect(load(bytes)).toEqual({ ...material, files: [] });
  });

  it('should start relative paths at the current folder, and say where that was', () => {
    const certFile = relative(process.cwd(), path('server'));
    expect(load({ certFile, keyFile: path('server-key') }).files[0]).toBe(path('server'));
  });

  it('should read a file that holds both certificate and key, and name it once', () => {
    const both = file('both.pem', `${pem('server-key')}${pem('server')}`);
    const { cert, key, files } = load({ certFile: both, keyFile: both });
    expect({ cert, key, files }).toEqual({ cert: pem('server'), key: pem('server-key'), files: [both] });
  });

  it('should keep the whole chain, own certificate first', () => {
    expect(load({ certFile: path('chain'), keyFile: path('chain-key') }).cert).toBe(pem('chain'));
  });

  it.each(['server-key-encrypted', 'client-encrypted-key'])('should open %s with its password', (name) => {
    const certFile = path(name.split('-')[0] as string);
    const material = usable({ certFile, keyFile: path(name), keyPassword: PASSWORD });
    expect(material).toMatchObject({ key: pem(name), passphrase: PASSWORD });
  });

  it.each(['rsa', 'server'])('should open the key of %s encrypted in the older way', (name) => {
    const key = keyOf(`${name}-key`).export({
      type: name === 'rsa' ? 'pkcs1' : 'sec1',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: PASSWORD,
    });
    expect(usable({ cert: pem(name), key, keyPassword: PASSWORD }).key).toBe(key);
    expect(setupFailure({ cert: pem(name), key }).code).toBe('ERR_TLS_KEY_PASSWORD');
    expect(setupFailure({ cert: pem(name), key, keyPassword: WRONG }).code).toBe('ERR_TLS_KEY_PASSWORD');
  });

  it('should not hand on a password that the key does not need', () => {
    const loaded = load({ cert: pem('server'), key: pem('server-key'), keyPassword: PASSWORD });
    expect(loaded).not.toHaveProperty('passphrase');
  });

  it('should take texts as editors of all kinds leave them', () => {
    const windows = (text: string) => `\uFEFF${text.replaceAll('\n', '\r\n')}`;
    const material = usable({
      cert: `subject: Zoë\n${windows(pem('chain')).trimEnd()}`,
      key: windows(pem('chain-key')),
      ca: `# ours\n${pem('ca').trimEnd()}${pem('other-ca')}# the end`,
    });
    expect(material).toMatchObject({ cert: pem('chain'), ca: [pem('ca'), pem('other-ca')] });
  });

  it('should take the parameters before a key of OpenSSL for what they are', () => {
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    const key = keyOf('server-key').export({ type: 'sec1', format: 'pem' }) as string;
    expect(load({ cert: pem('server'), key: parameters + key }).key).toBe(key);
  });

  it('should leave it to the peer whether a certificate has expired', () => {
    expect(load({ cert: pem('expired'), key: pem('expired-key') }).cert).toBe(pem('expired'));
  });
});

describe('loadCredentials, authorities', () => {
  it('should take many from one text, one file or several texts, each once', () => {
    const all = `first\n${pem('ca')}second:\n${pem('other-ca')}${pem('ca')}`;
    const expected = [pem('ca'), pem('other-ca')];
    expect(load({ ca: all }).ca).toEqual(expected);
    expect(load({ caFile: file('many.pem', all) }).ca).toEqual(expected);
    expect(load({ ca: [pem('ca'), Buffer.from(pem('other-ca')), pem('ca')] }).ca).toEqual(expected);
  });

  it('should take every file of a folder that holds certificates, and skip the others', () => {
    const authorities = subfolder('authorities');
    copyFileSync(path('other-ca'), join(authorities, 'b.crt'));
    copyFileSync(path('ca'), join(authorities, 'a.pem'));
    writeFileSync(join(authorities, 'c.txt'), `${pem('self-signed')}and once more\n${pem('ca')}`);
    writeFileSync(join(authorities, 'key.pem'), pem('server-key'));
    writeFileSync(join(authorities, 'noise'), Buffer.from([0, 255, 45, 45, 45, 45, 45, 66]));
    writeFileSync(join(authorities, 'empty'), '');
    mkdirSync(join(authorities, 'below'));
    copyFileSync(path('rsa'), join(authorities, 'below', 'd.pem'));

    const { ca, files } = load({ caFile: authorities });
    expect(ca).toEqual([pem('ca'), pem('other-ca'), pem('self-signed')]);
    const read = ['a.pem', 'b.crt', 'c.txt', 'empty', 'key.pem', 'noise'];
    expect(files).toEqual([authorities, ...read.map((name) => join(authorities, name))]);
  });

  it('should follow links in a folder, as systems have them, and skip those that lead nowhere', () => {
    const links = subfolder('links');
    symlinkSync(path('ca'), join(links, '0a1b2c3d.0'));
    symlinkSync(join(links, 'nowhere'), join(links, '9f9f9f9f.0'));
    expect(load({ caFile: links }).ca).toEqual([pem('ca')]);
  });
});

describe('loadCredentials, failing', () => {
  const server = { certFile: path('server'), keyFile: path('server-key') };
  const texts = { cert: pem('server'), key: pem('server-key') };
  const missing = path('missing');

  it.each(['certFile', 'keyFile', 'caFile'] as const)('should say that the file of %s is missing', (name) => {
    expect(setupFailure({ ...server, [name]: missing })).toEqual({
      code: 'ERR_TLS_FILE',
      option: `tls.${name}`,
      message: `ERR_TLS_FILE: tls.${name}: cannot read ${missing} (ENOENT: there is no such file or folder)`,
    });
  });

  it.each(['certFile', 'keyFile'] as const)('should say that %s is a folder', (name) => {
    expect(setupFailure({ ...server, [name]: folder })).toMatchObject({
      code: 'ERR_TLS_FILE',
      message: `ERR_TLS_FILE: tls.${name}: cannot read ${folder} (EISDIR: it is a folder, not a file)`,
    });
  });

  it('should keep the error of the system', () => {
    expect(failure({ caFile: missing }).cause).toMatchObject({ code: 'ENOENT' });
    expect(failure({ caFile: `${missing}\0` }).code).toBe('ERR_TLS_FILE');
  });

  it('should refuse authorities from what is neither a file nor a folder', () => {
    expect(setupFailure({ caFile: devNull })).toEqual({
      code: 'ERR_TLS_CA_KIND',
      option: 'tls.caFile',
      message: expect.stringContaining('is neither a file nor a folder'),
    });
  });

  const damaged = (name: string) => pem(name).replace(/\n.{64}\n/, '\n');

  it.each([
    ['text', 'hello', 'the text holds no certificate; if it is a path, it belongs in tls.caFile'],
    ['key', pem('server-key'), 'the text holds no certificate; there is PRIVATE KEY'],
    ['damaged one', damaged('ca'), 'the certificate in the text cannot be parsed'],
    ['cut one', pem('ca').slice(0, 300), 'the certificate in the text cannot be parsed'],
    ['damaged second', pem('ca') + damaged('other-ca'), 'certificate 2 of 2 in the text cannot be parsed'],
  ])('should refuse authorities if there is a %s instead', (_, ca, said) => {
    const code = 'ERR_TLS_CA';
    expect(setupFailure({ ca })).toEqual({ code, option: 'tls.ca', message: `${code}: tls.ca: ${said}` });
    const [, second] = [setupFailure({ ca: [ca] }), setupFailure({ ca: [pem('ca'), ca] })];
    expect(second).toEqual({ code, option: 'tls.ca[1]', message: `${code}: tls.ca[1]: ${said}` });
    const caFile = file('not-ca.pem', ca);
    const inFile = said.replace('the text', caFile).replace(/; if.*/, '');
    const message = `${code}: tls.caFile: ${inFile}`;
    expect(setupFailure({ caFile })).toEqual({ code, option: 'tls.caFile', message });
  });

  it('should refuse a folder with a file that cannot be read', () => {
    const loop = subfolder('loop');
    copyFileSync(path('ca'), join(loop, 'ca.pem'));
    symlinkSync('self', join(loop, 'self'));
    expect(setupFailure({ caFile: loop })).toEqual({
      code: 'ERR_TLS_FILE',
      option: 'tls.caFile',
      message: expect.stringContaining(`${join(loop, 'self')} (ELOOP: links point to each other)`),
    });
  });

  it('should refuse a folder without certificates, and one with a damaged one', () => {
    const empty = subfolder('without');
    writeFileSync(join(empty, 'server-key.pem'), pem('server-key'));
    const message = `ERR_TLS_CA: tls.caFile: no file in the folder ${empty} holds a certificate`;
    expect(setupFailure({ caFile: empty })).toEqual({ code: 'ERR_TLS_CA', option: 'tls.caFile', message });
    copyFileSync(path('ca'), join(empty, 'a.pem'));
    writeFileSync(join(empty, 'b.pem'), damaged('other-ca'));
    expect(setupFailure({ caFile: empty })).toMatchObject({
      code: 'ERR_TLS_CA',
      message: expect.stringContaining(`the certificate in ${join(empty, 'b.pem')} cannot be parsed`),
    });
  });

  it.each([
    [{ cert: texts.cert }, 'tls.key', 'tls.cert needs a private key too'],
    [{ certFile: server.certFile }, 'tls.keyFile', 'tls.certFile needs a private key too'],
    [{ key: texts.key, keyPassword: PASSWORD }, 'tls.cert', 'tls.key needs a certificate too'],
    [{ keyFile: server.keyFile }, 'tls.certFile', 'tls.keyFile needs a certificate too'],
  ])('should refuse one without the other (%#)', (given, option, said) => {
    const code = 'ERR_TLS_INCOMPLETE';
    expect(setupFailure(given)).toEqual({ code, option, message: `${code}: ${option}: ${said}` });
  });

  it.each([
    ['text', 'hello', 'holds no certificate'],
    ['key', pem('server-key'), 'holds no certificate; there is PRIVATE KEY'],
    ['damaged one', damaged('server'), 'cannot be parsed'],
    ['damaged intermediate', pem('server') + damaged('ca'), 'certificate 2 of 2'],
    ['certificate without an end', pem('server').slice(0, -10), 'cannot be parsed'],
  ])('should refuse a certificate if there is a %s instead', (_, cert, said) => {
    const code = 'ERR_TLS_CERT';
    const message = expect.stringContaining(said) as unknown;
    expect(setupFailure({ ...texts, cert })).toEqual({ code, option: 'tls.cert', message });
    const certFile = file('not-cert.pem', cert);
    const fromFile = setupFailure({ certFile, key: texts.key });
    expect(fromFile).toEqual({ code, option: 'tls.certFile', message });
    expect(fromFile.message).toContain(certFile);
  });

  it.each([
    ['text', 'hello', 'holds no private key'],
    ['certificate', pem('server'), 'holds no private key; there is CERTIFICATE'],
    ['damaged key', damaged('rsa-key'), 'the PRIVATE KEY in'],
    ['key without an end', pem('server-key').slice(0, -10), 'the PRIVATE KEY in'],
    ['damaged encrypted key', damaged('server-key-encrypted'), 'the ENCRYPTED PRIVATE KEY in'],
    ['key of SSH', pem('server-key').replaceAll('PRIVATE', 'OPENSSH PRIVATE'), 'the OPENSSH PRIVATE KEY in'],
  ])('should refuse a key if there is a %s instead', (_, key, said) => {
    const code = 'ERR_TLS_KEY';
    const message = expect.stringContaining(said) as unknown;
    expect(setupFailure({ ...texts, key })).toEqual({ code, option: 'tls.key', message });
    expect(setupFailure({ ...texts, key, keyPassword: PASSWORD })).toMatchObject({ code });
    const keyFile = file('not-key.pem', key);
    const fromFile = setupFailure({ cert: texts.cert, keyFile });
    expect(fromFile).toEqual({ code, option: 'tls.keyFile', message });
    expect(fromFile.message).toContain(keyFile);
  });

  it('should say so if a key needs a password, and if it needs another one', () => {
    const code = 'ERR_TLS_KEY_PASSWORD';
    const option = 'tls.keyPassword';
    const keyFile = path('server-key-encrypted');
    expect(setupFailure({ cert: texts.cert, keyFile })).toEqual({
      code,
      option,
      message: `${code}: ${option}: the key in ${keyFile} is encrypted and needs tls.keyPassword`,
    });
    expect(setupFailure({ cert: texts.cert, keyFile, keyPassword: WRONG })).toEqual({
      code,
      option,
      message: `${code}: ${option}: the key in ${keyFile} cannot be decrypted with this password`,
    });
    const inMemory = setupFailure({ ...texts, key: pem('server-key-encrypted'), keyPassword: WRONG });
    expect(inMemory.message).toContain('the key in the text cannot be decrypted');
  });

  it('should say so if a key is encrypted in a way that OpenSSL has given up', () => {
    const key = [
      '-----BEGIN ENCRYPTED PRIVATE KEY-----',
      'MIGwMBsGCSqGSIb3DQEFAzAOBAgX36SGVvwPmwICCAAEgZDi2AU5XUxg88IdklmZ',
      'xra5tXP+P36D8nKpwUxK+WpxCVTwa6TwWYoL3dm+FmR8H+Y0rof/xX8OlAeKENtC',
      'euiRR0vwEU5Aoj/zFOUj5Ve3QQq8hNdsArYBfXFoaFidUzjtK2NXysX2DrQ/bpd7',
      '3f1Em+Agt9/10UJqZTkPH9mXY2sK307cYxQgWZvxgnLWRoo=',
      '-----END ENCRYPTED PRIVATE KEY-----',
    ].join('\n');
    const { code, message } = setupFailure({ ...texts, key, keyPassword: PASSWORD });
    expect(code).toBe('ERR_TLS_KEY');
    expect(message).toContain('is encrypted in a way that this OpenSSL does not support');
  });

  it('should take none of many wrong passwords for a damaged key, although some seem to decrypt it', () => {
    const key = pem('server-key-encrypted');
    const codes = Array.from({ length: 300 }, (_, i) => {
      try {
        load({ ...texts, key, keyPassword: `wrong ${i}` });
        return 'none';
      } catch (error) {
        return (error as NetworkError).code;
      }
    });
    expect(new Set(codes)).toEqual(new Set(['ERR_TLS_KEY_PASSWORD']));
  });

  it('should refuse a key that belongs to another certificate', () => {
    const code = 'ERR_TLS_KEY_MISMATCH';
    const said = (key: string, cert: string, option: string) =>
      `the key in ${key} does not belong to the certificate in ${cert} (${option})`;
    expect(setupFailure({ ...texts, key: pem('client-key') })).toEqual({
      code,
      option: 'tls.key',
      message: `${code}: tls.key: ${said('the text', 'the text', 'tls.cert')}`,
    });
    expect(setupFailure({ ...server, keyFile: path('rsa-key') })).toEqual({
      code,
      option: 'tls.keyFile',
      message: `${code}: tls.keyFile: ${said(path('rsa-key'), path('server'), 'tls.certFile')}`,
    });
  });

  it('should say which certificate must come first', () => {
    const [leaf = '', intermediate = ''] = pem('chain').split(/(?<=END CERTIFICATE-----\n)/);
    const given = { cert: intermediate + leaf, key: pem('chain-key') };
    expect(setupFailure(given).message).toContain('but to certificate 2 there, which must come first');
  });
});

describe('options of credentials', () => {
  it.each(['cert', 'key', 'ca'] as const)('should refuse %s both as a text and as a file', (name) => {
    const given = { cert: pem('server'), key: pem('server-key'), ca: pem('ca') };
    const error = failure({ ...given, [`${name}File`]: path(name) });
    expect(error).toBeInstanceOf(OptionError);
    expect(error).toMatchObject({ code: 'ERR_OPTION', option: `tls.${name}File` });
    expect(error.message).toContain(`must be left out where tls.${name} is given`);
  });

  it.each([
    ['cert', 5, 'must be a PEM text or its bytes, got 5'],
    ['cert', '', 'must be a PEM text or its bytes, got ""'],
    ['cert', [''], 'got an array'],
    ['key', [pem('server-key')], 'must be a PEM text or its bytes, got "an array"'],
    ['key', { pem: pem('server-key') }, 'got "a value of type object"'],
    ['keyPassword', 123456, 'must be a text that is not empty, got "a value of type number"'],
    ['keyPassword', '', 'got "an empty text"'],
    ['keyPassword', null, 'got "null"'],
    ['ca', [], 'must be a PEM text or its bytes, or a list of such, got an array'],
    ['ca', [''], 'got an array'],
    ['ca', true, 'got true'],
    ['certFile', '', 'must be a path, got ""'],
    ['keyFile', 7, 'must be a path, got 7'],
    ['keyFile', pem('server-key'), 'must be a path (a PEM text belongs in tls.key), got "a PEM text"'],
    ['caFile', pem('ca'), 'must be a path (a PEM text belongs in tls.ca), got "a PEM text"'],
  ])('should refuse %s if it is of a wrong kind (%#)', (name, value, said) => {
    const error = failure({ [name]: value });
    expect(error).toBeInstanceOf(OptionError);
    expect(error).toMatchObject({ option: `tls.${name}` });
    expect(error.message).toContain(said);
  });
});
