// Echoes and counts; prints a summary when the last connection of a test has closed.
import { TcpServer, type TcpServerOptions, handleEach, sendTo } from 'hpsocket-rx';
import { buffer, filter } from 'rxjs';
import { type Given, common } from '../support/arguments.ts';
import { serve } from '../support/serve.ts';

export const options = common;

export async function run(
  { host, port, json }: Given<typeof options>,
  tls?: TcpServerOptions['tls'],
): Promise<void> {
  const server = new TcpServer({ host, port, tls });

  server.accept$.pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection)))).subscribe();

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

  await serve(server, { host, port });
}
