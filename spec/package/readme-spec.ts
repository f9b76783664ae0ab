import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');
const snippets = snippetsIn(readme);

function snippetsIn(page: string): string[] {
  return [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code ?? '');
}

/** Checks pieces of code as if each were a file of this package's own folder; answers with what the compiler says. */
function compile(codes: readonly string[], more: ts.CompilerOptions = {}): string[] {
  const config = ts.readConfigFile(`${root}tsconfig.json`, (path) => ts.sys.readFile(path));
  const options = { ...ts.parseJsonConfigFileContent(config.config, ts.sys, root).options, ...more };
  const files = new Map(codes.map((code, i) => [`${root}spec/package/.snippet-${i}.ts`, code]));
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.getSourceFile = (path, version) => {
    const code = files.get(path);
    return code === undefined ? getSourceFile(path, version) : ts.createSourceFile(path, code, version);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    return `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

describe('the code in the README', () => {
  it('should be there', () => {
    expect(snippets.length).toBeGreaterThanOrEqual(5);
  });

  it('should compile as it is printed', () => {
    expect(compile(snippets)).toEqual([]);
  });

  it.each(['http', 'pool', 'sys', 'udp', 'websocket'])('should compile on the page about %s too', (page) => {
    const codes = snippetsIn(readFileSync(`${root}lib/${page}/README.md`, 'utf8'));
    expect(codes.length).toBeGreaterThan(0);
    expect(compile(codes)).toEqual([]);
  });

  it('should compile for those who check the declarations of their libraries too', () => {
    const imports = ['', '/http', '/pool', '/sys', '/testing', '/websocket'].map(
      (path) => `import 'hpsocket-rx${path}';`,
    );
    expect(compile(imports, { skipLibCheck: false })).toEqual([]);
  });

  it.each(['first-marble', 'marble-net'])('should show the test %s, which is run', (name) => {
    expect(snippets).toContain(readFileSync(`${root}spec/package/${name}-spec.ts`, 'utf8'));
  });

  it('should be checked by a compiler that notices mistakes', () => {
    expect(compile(["import { listen } from 'hpsocket-rx'; listen({ prot: 5555 });"])).toEqual([
      expect.stringContaining("'prot' does not exist"),
    ]);
  });
});

describe('the page about testing', () => {
  const page = snippetsIn(readFileSync(`${root}lib/testing/README.md`, 'utf8'));
  const guide = ['codec', 'connection', 'server', 'heartbeat', 'reconnect'].map(
    (name) => `guide/${name}-spec.ts`,
  );

  it.each([...guide, 'heartbeat.ts'])('should show %s, which is run', (file) => {
    const code = body(readFileSync(`${root}spec/testing/${file}`, 'utf8'));
    expect(page.map(body)).toContain(code);
  });

  it('should show nothing else', () => {
    expect(page).toHaveLength(guide.length + 1);
  });
});

/** Code without its imports and however its lines are broken. */
function body(code: string): string {
  const withoutImports = code.replace(/^import [^;]*;\n/gm, '');
  return withoutImports.replace(/[\s,]+/g, ' ').trim();
}
