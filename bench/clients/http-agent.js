import { mergeMap } from 'rxjs';
import { http } from '../support/library.js';
import { work } from './work.js';

const agent = new http.HttpAgent({ http: { maxPerOrigin: 64 } });
await agent.start();

work((url, done, failed) => {
  agent
    .get(url)
    .pipe(mergeMap((response) => response.text()))
    .subscribe({ next: done, error: failed });
});
