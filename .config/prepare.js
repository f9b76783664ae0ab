// Makes a fresh clone runnable: installs what is missing and builds what is older than its source.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

if (!existsSync(`${root}node_modules/rxjs`) || !existsSync(`${root}node_modules/tsx`)) {
  process.stderr.write('installing what is missing (once) ...\n');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}
if (newest(`${root}lib`) > built()) {
  run(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}lib`]);
}

function built() {
  const entry = `${root}dist/index.js`;
  return existsSync(entry) ? statSync(entry).mtimeMs : 0;
}

function newest(directory) {
  let latest = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) latest = Math.max(latest, statSync(`${entry.path}/${entry.name}`).mtimeMs);
  }
  return latest;
}

function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}
