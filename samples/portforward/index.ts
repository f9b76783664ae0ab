// Connections to --port go on to --to HOST:PORT. Each side is read only as fast as the other one takes it.
import { type Connection, dial, handleEach, listen, sendTo } from 'hpsocket-rx';
import { type Observable, merge, switchMap, takeUntil, tap } from 'rxjs';
import { common, endpoint, readOptions } from '../support/arguments.ts';
import { made, printer } from '../support/events.ts';
import { fail } from '../support/fail.ts';
import { announce } from '../support/serve.ts';
import { interrupted$ } from '../support/signals.ts';

const { host, port, to, json } = readOptions({ ...common, to: endpoint });
const print = printer(json);

listen({ host, port, onListening: announce })
  .pipe(
    tap((near) => print(made.accept(near))),
    handleEach((near) => dial(to, { halfOpen: true }).pipe(switchMap((far) => join(near, far)))),
    takeUntil(interrupted$),
  )
  .subscribe({ next: (closed) => print(made.close(closed)), error: fail({ host, port }) });

/** The end of one side ends the other one's, and the way back stays open. */
function join(near: Connection, far: Connection): Observable<never> {
  return merge(
    near.receive$.pipe(sendTo(far, { end: true })),
    far.receive$.pipe(sendTo(near, { end: true })),
  );
}
