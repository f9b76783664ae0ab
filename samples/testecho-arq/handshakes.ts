import type { Connection } from 'hpsocket-rx';
import type { Observable } from 'rxjs';

/** Tells of every handshake that is done: before it, nothing can be sent. */
export function tellHandshakes({ handshake$ }: { handshake$: Observable<Connection> }, json: boolean): void {
  handshake$.subscribe(({ id }) => {
    console.log(json ? JSON.stringify({ event: 'handshake', id }) : `#${id} handshake`);
  });
}
