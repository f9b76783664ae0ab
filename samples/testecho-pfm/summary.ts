import type { TcpServer, UdpServer } from 'hpsocket-rx';
import { buffer, filter } from 'rxjs';

/** Prints what has gone through whenever the last connection of a test has closed. */
export function summarize(server: TcpServer | UdpServer, json: boolean): void {
  const idle$ = server.close$.pipe(filter(() => server.connections.size === 0));

  server.close$.pipe(buffer(idle$)).subscribe((closed) => {
    const received = closed.reduce((sum, { bytesIn }) => sum + bytesIn, 0);
    const sent = closed.reduce((sum, { bytesOut }) => sum + bytesOut, 0);
    const summary = { event: 'summary', connections: closed.length, received, sent };
    console.log(
      json
        ? JSON.stringify(summary)
        : `summary: ${closed.length} connections, ${received} bytes received, ${sent} bytes sent`,
    );
  });
}
