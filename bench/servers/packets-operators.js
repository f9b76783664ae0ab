import { filter, map, tap } from 'rxjs';
import { library, report } from '../support/report.js';

const { decode, encode, handleEach, listen, pack, sendTo } = library;

let packets = 0;
listen({ host: '127.0.0.1', maxConnections: 1_000_000, onListening: ({ port }) => report(port) })
  .pipe(
    handleEach((connection) =>
      connection.receive$.pipe(
        decode(pack()),
        filter((packet) => packet.length > 0),
        tap(() => packets++),
        map((packet) => packet),
        encode(pack()),
        sendTo(connection),
      ),
    ),
  )
  .subscribe();
