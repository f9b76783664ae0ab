import type { HttpClientResponse } from 'hpsocket-rx/http';
import { type OperatorFunction, mergeMap, pipe, tap } from 'rxjs';

/** Prints a response when all of it is there. */
export function show(number: number, json: boolean): OperatorFunction<HttpClientResponse, unknown> {
  return pipe(
    mergeMap((response) =>
      response.text().pipe(
        tap((text) => {
          const { status } = response;
          console.log(
            json
              ? JSON.stringify({ event: 'response', number, status, text })
              : `#${number} ${status} ${text}`,
          );
        }),
      ),
    ),
  );
}
