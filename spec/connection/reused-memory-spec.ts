import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { tap } from 'rxjs';
import { pack } from '../../lib/codec/pack.ts';
import { TcpAgent } from '../../lib/component/tcp-agent.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import { handleEach } from '../../lib/component/handle-each.ts';
import type { Connection } from '../../lib/connection/connection.ts';
import { sendTo } from '../../lib/connection/send-to.ts';
import { decode } from '../../lib/framing/decode.ts';
import { encode } from '../../lib/framing/encode.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { closedLater } from '../behaviour/world.ts';
import { settled } from '../support/coded-world.ts';
import { difference, pattern } from '../support/patterns.ts';

/** The ways an answer may go, which use the memory of one turn for the next one, if nobody keeps the bytes. */
const ECHOES: Record<string, (connection: Connection) => unknown> = {
  'a codec of the connection': (connection) => {
    const coded = connection.through(pack());
    return coded.receive$.pipe(sendTo(coded));
  },
  'encode and sendTo': (connection) =>
    connection.receive$.pipe(decode(pack()), encode(pack()), sendTo(connection)),
  'encode and sendTo to a codec': (connection) =>
    connection.receive$.pipe(decode(pack()), encode(pack()), sendTo(connection.through(late()))),
};

describe('memory of turns', () => {
  for (const [name, echo] of Object.entries(ECHOES)) {
    it(`should not be used again while somebody needs it: ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(fc.constantFrom(30, 700, 5000, 9000, 66_000), { maxLength: 6 }), {
            minLength: 1,
            maxLength: 12,
          }),
          fc.constantFrom(100, 5000, 65_536),
          fc.boolean(),
          async (turns, readSize, observed) => {
            const transport = new MemoryNetwork({ readSize });
            const server = closedLater(new TcpServer({ transport, port: 1 }));
            const agent = closedLater(new TcpAgent({ transport, maxPending: 2 ** 24 }));
            const sent: Buffer[] = [];
            server.accept$.pipe(handleEach((connection) => echo(connection) as never)).subscribe();
            if (observed) server.sent$.subscribe(({ data }) => sent.push(Buffer.from(data)));
            await server.start();
            await agent.start();
            const ends = [await agent.connect(1), await agent.connect(1)];
            const heard = ends.map((end) => {
              const chunks: Uint8Array[] = [];
              end.receive$.subscribe((chunk) => chunks.push(Buffer.from(chunk)));
              return chunks;
            });
            const said: Buffer[][] = [[], []];
            let at = 0;
            for (const turn of turns) {
              for (const size of turn) {
                const body = pattern(2 ** 20).subarray(at, at + size);
                at = (at + size) % 900_000;
                ends.forEach((end, place) => {
                  const header = Buffer.alloc(4);
                  header.writeUInt32LE(size);
                  end.send(header, body);
                  said[place]?.push(header, Buffer.from(body));
                });
              }
              // A peer that does not read for a while leaves bytes behind.
              const hold = at % 3 === 0 ? ends[0]?.flow.hold() : undefined;
              await settled();
              hold?.release();
            }
            const all = said.map((pieces) => Buffer.concat(pieces));
            // What follows drives out what is kept back.
            for (let round = 0; round < 2; round++) {
              for (const end of ends) end.send(CLOSING);
              await settled();
            }
            while (heard.some((chunks, place) => lengthOf(chunks) < all[place]!.length)) await settled();
            heard.forEach((chunks, place) =>
              expect(difference(Buffer.concat(chunks).subarray(0, all[place]!.length), all[place]!)).toBe(
                'nowhere',
              ),
            );
            if (observed) expect(lengthOf(sent)).toBeGreaterThanOrEqual(all[0]!.length + all[1]!.length);
            await agent.stop({ drain: false });
            await server.stop({ drain: false });
          },
        ),
        { numRuns: 25 },
      );
    });
  }

  it('should not be used again when an operator between encode and sendTo may keep the bytes', async () => {
    const transport = new MemoryNetwork();
    const server = closedLater(new TcpServer({ transport, port: 1 }));
    const agent = closedLater(new TcpAgent({ transport }));
    const kept: Uint8Array[] = [];
    server.accept$
      .pipe(
        handleEach((connection) =>
          connection.receive$.pipe(
            decode(pack()),
            encode(pack()),
            tap((bytes) => kept.push(bytes)),
            sendTo(connection),
          ),
        ),
      )
      .subscribe();
    await server.start();
    await agent.start();
    const end = (await agent.connect(1)).through(pack());
    for (const word of ['one', 'two', 'six']) {
      end.send(word);
      await settled();
    }
    expect(kept.map((bytes) => Buffer.from(bytes).toString('latin1', 4))).toEqual(['one', 'two', 'six']);
  });
});

const lengthOf = (chunks: readonly Uint8Array[]) => chunks.reduce((sum, { length }) => sum + length, 0);

const CLOSING = Buffer.from([1, 0, 0, 0, 0]);

/** A codec that keeps messages until there are three. */
function late() {
  return {
    decoder: () => ({
      push: (chunk: Uint8Array, emit: (bytes: Uint8Array) => void) => emit(chunk),
      residue: 0,
    }),
    encoder: () => {
      let kept: Uint8Array[] = [];
      return {
        push: (bytes: Uint8Array, emit: (piece: Uint8Array) => void) => {
          kept.push(bytes);
          if (kept.length < 3) return;
          for (const piece of kept) emit(piece);
          kept = [];
        },
      };
    },
  };
}
