import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { CLOSE_REASONS, ERROR_CODES } from '../../lib/index.ts';

const root = new URL('../../', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  exports: Record<string, string | { types: string; default: string }>;
};

/** The names that each entry point exports at run time. A name that is added or lost shows in review. */
const NAMES: Record<string, readonly string[]> = {
  '.': [
    'ArqAgent',
    'ArqClient',
    'ArqServer',
    'ByteQueue',
    'CLOSE_REASONS',
    'ERROR_CODES',
    'FlowGate',
    'MemoryNetwork',
    'NetworkError',
    'NetworkTimeoutError',
    'OptionError',
    'ProtocolError',
    'PullBuffer',
    'TcpAgent',
    'TcpClient',
    'TcpServer',
    'TlsError',
    'TlsSetupError',
    'UdpAgent',
    'UdpCast',
    'UdpClient',
    'UdpNode',
    'UdpServer',
    'between',
    'coalesce',
    'compose',
    'currentGate',
    'decode',
    'delimiter',
    'dial',
    'dialArq',
    'dialUdp',
    'encode',
    'fixed',
    'flowConfig',
    'flowForEach',
    'flowMap',
    'flowMarks',
    'formatAddress',
    'handleEach',
    'hex',
    'json',
    'lengthField',
    'lines',
    'listen',
    'listenArq',
    'listenUdp',
    'loopScheduler',
    'pack',
    'parseEndpoint',
    'processFlow',
    'pull',
    'pullBuffer',
    'reconnect',
    'sendPolicy',
    'sendTo',
    'shed',
    'tcp',
    'toAsyncIterable',
    'toBytes',
    'toText',
    'udp',
    'utf8',
  ],
  './http': [
    'BodyWriter',
    'HTTP_CLIENT_ERROR_CODES',
    'HTTP_ERROR_CODES',
    'HTTP_ERROR_REASONS',
    'HTTP_SEND_ERROR_CODES',
    'HttpAgent',
    'HttpClient',
    'HttpClientResponse',
    'HttpClock',
    'HttpError',
    'HttpExchange',
    'HttpFields',
    'HttpParser',
    'HttpParserSettings',
    'HttpServer',
    'HttpUpgradeError',
    'METHODS',
    'RequestEncoder',
    'RequestHead',
    'ResponseEncoder',
    'ResponseHead',
    'compressed',
    'decompressed',
    'encodeRequestHead',
    'encodeResponseHead',
    'followRedirects',
    'formatHttpDate',
    'httpAnswers',
    'httpEvents',
    'httpMessages',
    'parseHttpDate',
    'retryIdempotent',
    'serveFiles',
  ],
  './testing': [
    'CodecMismatchError',
    'DatagramLink',
    'MarbleError',
    'Random',
    'RecordingError',
    'ReplayMismatchError',
    'SimulationError',
    'SpyError',
    'WeatherNetwork',
    'bytesOf',
    'connectionPair',
    'formatRecording',
    'marbleNet',
    'parseRecording',
    'readRecording',
    'record',
    'replay',
    'simulate',
    'spy',
    'verifyCodec',
  ],
};

describe('the package', () => {
  const entries = Object.entries(manifest.exports).filter(([path]) => path !== './package.json');

  it('should have the entry points that are pinned here', () => {
    expect(entries.map(([path]) => path)).toEqual(Object.keys(NAMES));
  });

  it.each(entries)('should export from %s exactly the pinned names', async (path, target) => {
    expect(target).toMatchObject({ types: expect.any(String), default: expect.any(String) });
    const module = (await import(`hpsocket-rx${path.slice(1)}`)) as Record<string, unknown>;
    expect(Object.keys(module).sort()).toEqual(NAMES[path]);
  });
});

describe('the README', () => {
  const readme = readFileSync(new URL('README.md', root), 'utf8');

  it.each(Object.keys(ERROR_CODES))('should explain the error code %s', (code) => {
    expect(readme).toContain(`\`${code}\``);
  });

  it.each(CLOSE_REASONS)('should explain the close reason %s', (reason) => {
    expect(readme).toContain(`\`${reason}\``);
  });
});
