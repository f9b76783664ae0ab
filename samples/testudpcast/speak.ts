import { type SendResult, type UdpCast, type UdpNode, flowForEach } from 'hpsocket-rx';
import { NEVER, type Observable, concat, defer, from, ignoreElements, of, repeat } from 'rxjs';
import { lines$ } from '../support/lines.ts';

/**
 * Sends a text so many times and completes, or else sends the lines of standard input and goes on when they have
 * ended, for there is still something to be heard. Waits while the system does not take what is sent.
 */
export function speak(
  endpoint: UdpCast | UdpNode,
  { message, count }: { message: string | undefined; count: number },
  send: (text: string) => SendResult,
): Observable<never> {
  const speaking = flowForEach(async (text: string) => {
    if (send(text) === 'congested') await endpoint.flush();
  });
  const flushed = defer(() => from(endpoint.flush())).pipe(ignoreElements());
  if (message !== undefined) return concat(of(message).pipe(speaking, repeat(count)), flushed);
  return concat(lines$.pipe(speaking), NEVER);
}
