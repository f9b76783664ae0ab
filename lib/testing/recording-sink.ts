import { createWriteStream } from 'node:fs';
import { Writable } from 'node:stream';
import { OptionError } from '../base/errors.ts';

/**
 * Where a recording goes: a function that is given each line without a line end, a stream, or the path of a file, which
 * is written anew. A stream is not ended, a file is closed.
 */
export type RecordingSink = ((line: string) => void) | Writable | string | URL;

/** Takes lines. */
export interface LineSink {
  write(line: string): void;
  /** Nothing more comes; tells when everything is written, or why it cannot be. */
  finish(done: (error?: Error | null) => void): void;
}

/**
 * @param failed Told when the sink is no good any more.
 * @throws OptionError (`ERR_OPTION`) for anything that is no sink.
 */
export function lineSink(sink: RecordingSink, failed: (error: unknown) => void): LineSink {
  if (typeof sink === 'function') return { write: sink, finish: (done) => done() };
  if (typeof sink === 'string' || sink instanceof URL) return new FileSink(createWriteStream(sink), failed);
  const given: unknown = sink;
  if (given instanceof Writable) return new StreamSink(given, failed);
  throw new OptionError('sink', given, 'a function, a Writable or a path');
}

/** A stream that others go on to use. */
class StreamSink implements LineSink {
  protected readonly stream: Writable;
  private readonly failed: (error: unknown) => void;

  constructor(stream: Writable, failed: (error: unknown) => void) {
    this.stream = stream;
    this.failed = failed;
    stream.on('error', failed);
  }

  write(line: string): void {
    this.stream.write(`${line}\n`);
  }

  finish(done: (error?: Error | null) => void): void {
    const { stream, failed } = this;
    // A stream that has failed may still tell so, and must not end the process by that.
    stream.write('', (error) => {
      if (!error) stream.off('error', failed);
      done(error);
    });
  }
}

/** A stream of our own. */
class FileSink extends StreamSink {
  override finish(done: (error?: Error | null) => void): void {
    const { stream } = this;
    if (stream.destroyed) done(stream.errored);
    else
      stream
        .once('error', done)
        .once('close', () => done())
        .end();
  }
}
