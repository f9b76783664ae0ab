import { describe, expect, it } from '@jest/globals';
import { ProtocolError } from '../../lib/base/errors.ts';
import { utf8 } from '../../lib/bytes/bytes-like.ts';
import { type Bytes, type Emit, type ByteCodec, LIMIT, Right, codecOf, mismatch } from './right-codec.ts';

describe('verifyCodec, given a decoder', () => {
  it('should find a byte that is dropped where chunks meet', () => {
    class Drops extends Right {
      protected override keep(rest: Bytes): void {
        this.kept = rest.length === 3 ? rest.subarray(0, 2) : rest;
      }
    }
    const error = mismatch(codecOf(() => new Drops()));
    expect(error).toMatchObject({ example: 'examples[2]', feeding: 'cut once', cuts: [3] });
    expect(error.message).toBe(
      [
        'examples[2], cut once (at 3): message 0 is wrong',
        '  expected: 3 bytes: 63 64 65',
        '  received: 3 bytes: 63 65 01',
        '  after:    6 bytes: 03 63 64 | 65 01 66',
        '  again:    verifyCodec(codec, examples, { seed: 1 })',
      ].join('\n'),
    );
  });

  it('should find one that ignores byteOffset', () => {
    class FromTheStart extends Right {
      protected override join(chunk: Bytes): Bytes {
        return super.join(new Uint8Array(chunk.buffer, 0, chunk.length));
      }
    }
    const error = mismatch(codecOf(() => new FromTheStart()));
    expect(error).toMatchObject({ example: 'examples[0]', feeding: 'views', cuts: [] });
  });

  it('should find one that reads behind the end of its chunk', () => {
    class Greedy extends Right {
      protected override join(chunk: Bytes): Bytes {
        const { buffer, byteOffset, length } = chunk;
        // Takes what is behind the chunk for the byte that is missing.
        return super.join(
          length === 1 && buffer.byteLength > byteOffset + 1 ? new Uint8Array(buffer, byteOffset, 2) : chunk,
        );
      }
    }
    expect(mismatch(codecOf(() => new Greedy()))).toMatchObject({ example: 'examples[0]', feeding: 'views' });
  });

  it('should find one that takes slice for a copy', () => {
    class Slices extends Right {
      protected override join(chunk: Bytes): Bytes {
        const copy = chunk.slice();
        chunk.fill(0); // its own by now, so this is allowed
        return super.join(copy);
      }
    }
    expect(mismatch(codecOf(() => new Slices()))).toMatchObject({ feeding: 'views', cuts: [] });
  });

  it('should find one that uses its output again', () => {
    class Reuses extends Right {
      private readonly output = new Uint8Array(LIMIT);
      protected override bodyOf(rest: Bytes, size: number): Bytes {
        this.output.set(super.bodyOf(rest, size));
        return this.output.subarray(0, size);
      }
    }
    const error = mismatch(codecOf(() => new Reuses()));
    expect(error).toMatchObject({ example: 'examples[2]', feeding: 'in one chunk', cuts: [] });
    expect(error.message).toContain('message 0 was right and has changed since');
    expect(error.message).toContain('received: 3 bytes: 66 64 65');
  });

  it('should find one that shares its state with others', () => {
    const shared = { kept: new Uint8Array(0) as Bytes };
    class Shares extends Right {
      protected override join(chunk: Bytes): Bytes {
        this.kept = shared.kept;
        return super.join(chunk);
      }
      protected override keep(rest: Bytes): void {
        shared.kept = this.kept = rest;
      }
    }
    const error = mismatch(codecOf(() => new Shares()));
    expect(error).toMatchObject({ example: 'examples[0]', feeding: 'two decoders in turn', cuts: [1, 2] });
  });

  it('should find one that is the same for everybody', () => {
    const one = new Right();
    expect(mismatch(codecOf(() => one)).feeding).toBe('two decoders in turn');
  });

  it('should find one that emits with the next chunk only', () => {
    class Late extends Right {
      private held: Bytes | undefined;
      override push(chunk: Bytes, emit: Emit): void {
        if (this.held !== undefined) emit(this.held);
        this.held = undefined;
        super.push(chunk, emit);
      }
      protected override emit(body: Bytes, emit: Emit): void {
        if (body.length === 0) this.held = body;
        else super.emit(body, emit);
      }
      override end(emit: Emit): void {
        if (this.held !== undefined) emit(this.held);
      }
    }
    const error = mismatch(codecOf(() => new Late()));
    expect(error).toMatchObject({ example: 'examples[1]', feeding: 'in one chunk' });
    expect(error.message).toContain('message 0 is late or missing: not emitted with byte 1');
  });

  it('should find one that loses a message in a chunk of several', () => {
    class First extends Right {
      override push(chunk: Bytes, emit: Emit): void {
        let emitted = 0;
        super.push(chunk, (body) => {
          if (emitted++ < 2) emit(body);
        });
      }
    }
    const error = mismatch(codecOf(() => new First()));
    expect(error).toMatchObject({ example: 'examples[2]', feeding: 'in one chunk', cuts: [] });
    expect(error.message).toMatch(/^all examples, in one chunk: .*\n {2}example: {2}examples\[2\]/);
  });

  it('should find one that emits too much', () => {
    class Twice extends Right {
      protected override emit(body: Bytes, emit: Emit): void {
        emit(body);
        if (body.length === 0) emit(body);
      }
    }
    const error = mismatch(codecOf(() => new Twice()));
    expect(error).toMatchObject({ example: 'examples[1]', feeding: 'in one chunk' });
    expect(error.message).toContain('push() emits more than 1 messages\n  received: 0 bytes:');
  });

  it('should find one that emits something when the stream ends', () => {
    class Epilogue extends Right {
      override end(emit: Emit): void {
        emit(utf8('bye'));
      }
    }
    expect(mismatch(codecOf(() => new Epilogue())).message).toContain('end() emits more than 1 messages');
  });

  it('should stop one that would emit forever, even if it hides what is thrown into it', () => {
    class Endless extends Right {
      protected override emit(body: Bytes, emit: Emit): void {
        try {
          for (;;) emit(body);
        } catch {
          // as if nothing had happened
        }
      }
    }
    expect(mismatch(codecOf(() => new Endless())).message).toContain('push() emits more than 1 messages');
  });

  it('should find one that does not like empty chunks', () => {
    class Allergic extends Right {
      override push(chunk: Bytes, emit: Emit): void {
        if (chunk.length === 0) throw new RangeError('nothing there');
        super.push(chunk, emit);
      }
    }
    const error = mismatch(codecOf(() => new Allergic()));
    expect(error.feeding).toBe('random cuts');
    expect(error.message).toContain('push() threw RangeError: nothing there');
    expect(error.cause).toBeInstanceOf(RangeError);
  });

  it.each([
    ['is not a number', () => NaN],
    ['is negative', () => -1],
    ['is more than there can be', (kept: number) => (kept === 2 ? 3 : kept)],
    ['is not 0 between messages', (kept: number) => Math.max(1, kept)],
  ])('should find one whose residue %s', (_, residueOf) => {
    class Kept extends Right {
      override get residue(): number {
        return residueOf(this.kept.length);
      }
      override end = () => undefined;
    }
    expect(mismatch(codecOf(() => new Kept())).message).toContain('residue is wrong');
  });
});

describe('verifyCodec, given rejects', () => {
  it('should find a decoder that checks too late', () => {
    class Patient extends Right {
      protected override lengthIn(rest: Bytes): number {
        return rest.length > 1 ? super.lengthIn(rest) : rest[0]!;
      }
    }
    const error = mismatch(codecOf(() => new Patient()));
    expect(error).toMatchObject({ example: 'rejects[0]', feeding: 'in one chunk' });
    expect(error.message).toContain('not refused with ERR_FRAME_LENGTH by its last byte');
  });

  it('should find a decoder that loses the messages in front of the fault', () => {
    class Atomic extends Right {
      override push(chunk: Bytes, emit: Emit): void {
        const bodies: Bytes[] = [];
        super.push(chunk, (body) => bodies.push(body));
        bodies.forEach(emit);
      }
    }
    const error = mismatch(codecOf(() => new Atomic()));
    expect(error).toMatchObject({ example: 'examples[0]', feeding: 'in one chunk', expected: 1, actual: 0 });
    expect(error.message).toMatch(
      /^examples\[0\] and rejects\[0\], in one chunk: number of messages is wrong/,
    );
  });

  it('should find a decoder whose answer depends on what is behind the fault', () => {
    class Lenient extends Right {
      protected override lengthIn(rest: Bytes): number {
        return rest.length > 32 ? Math.min(rest[0]!, LIMIT) : super.lengthIn(rest);
      }
    }
    expect(mismatch(codecOf(() => new Lenient()))).toMatchObject({
      example: 'rejects[0]',
      feeding: 'more behind it',
    });
  });

  it('should find another code, another kind of error, and an end that is put up with', () => {
    const withError = (error: Error): ByteCodec => {
      class Other extends Right {
        protected override lengthIn(rest: Bytes): number {
          if (rest[0]! > LIMIT) throw error;
          return rest[0]!;
        }
        override end = () => undefined;
      }
      return codecOf(() => new Other());
    };
    const code = mismatch(withError(new ProtocolError('ERR_FRAME_DATA', 'no')));
    expect(code).toMatchObject({ expected: 'ERR_FRAME_LENGTH', actual: 'ERR_FRAME_DATA' });
    const kind = mismatch(withError(new RangeError('out of range')));
    expect(kind.message).toContain('refused with RangeError: out of range, not with a ProtocolError');
    const end = mismatch(withError(new ProtocolError('ERR_FRAME_LENGTH', 'no')));
    expect(end.message).toMatch(
      /^rejects\[2\], in one chunk: not refused with ERR_FRAME_TRUNCATED by end\(\)/,
    );
  });
});
