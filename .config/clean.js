// Removes what the build made, so that no output of a renamed or deleted source survives.
import { rmSync } from 'node:fs';

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
