import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const lib = fileURLToPath(new URL('../../lib/', import.meta.url));

/** From the bottom up: each may import those before it, and itself. */
const LAYERS = [
  'base',
  'bytes',
  'arq',
  'codec',
  'flow',
  'send',
  'framing',
  'transport',
  'sys',
  'pool',
  'connection',
  'component',
  'udp',
  'http',
  'websocket',
  '.',
  'testing',
];
const SOCKET_MODULES = ['net', 'tls', 'dgram'];

interface Import {
  readonly from: string;
  readonly to: string;
}

describe('layers of lib', () => {
  const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const imports = files.flatMap(importsOf);

  it('should all be known here', () => {
    expect([...new Set(files.map(layerOf))].filter((layer) => !LAYERS.includes(layer))).toEqual([]);
    expect(imports.length).toBeGreaterThan(files.length);
  });

  it('should import downwards only', () => {
    const upwards = imports.filter(
      ({ from, to }) => to.startsWith('./') && heightOf(to.slice(2)) > heightOf(from),
    );
    expect(upwards).toEqual([]);
  });

  it('should keep sockets to the transport', () => {
    const sockets = imports.filter(({ to }) => SOCKET_MODULES.includes(to.replace(/^node:/, '')));
    expect(sockets.length).toBeGreaterThan(0);
    expect(sockets.filter(({ from }) => layerOf(from) !== 'transport')).toEqual([]);
  });

  it('should import nothing but RxJS and what Node brings', () => {
    const foreign = imports.filter(({ to }) => !/^(\.\/|node:|rxjs$)/.test(to));
    expect(foreign.filter(({ from, to }) => layerOf(from) !== 'testing' || to !== 'rxjs/testing')).toEqual(
      [],
    );
  });
});

/** What a file imports; files of ours as `./` and the path below lib. */
function importsOf(file: string): Import[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(lib, file), 'utf8'));
  return importedFiles.map(({ fileName }) => ({
    from: file,
    to: fileName.startsWith('.') ? `./${relative(lib, join(lib, dirname(file), fileName))}` : fileName,
  }));
}

function layerOf(file: string): string {
  return dirname(file).split(sep)[0] as string;
}

function heightOf(file: string): number {
  return LAYERS.indexOf(layerOf(file));
}
