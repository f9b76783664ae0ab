import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { lastValueFrom } from 'rxjs';
import { sendFile } from '../../lib/connection/send-file.ts';
import { afterTest } from '../support/cleanup.ts';

const DESCRIPTORS = '/proc/self/fd';
const onLinux = process.platform === 'linux' ? it : it.skip;

/** Whether this process has a path open. */
function isOpen(path: string): boolean {
  return readdirSync(DESCRIPTORS).some((descriptor) => {
    try {
      return readlinkSync(join(DESCRIPTORS, descriptor)) === path;
    } catch {
      return false; // the descriptor that listed the directory
    }
  });
}

describe('sendFile', () => {
  onLinux('should close a file that cannot be read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'send-file-'));
    afterTest(() => rmSync(folder, { recursive: true }));
    const sending = lastValueFrom(sendFile(folder, {}, () => ({ resume: () => undefined })));
    await expect(sending).rejects.toMatchObject({ code: 'EISDIR' });
    // Closing takes a round through the thread pool or two; a file that is forgotten stays open, and the test
    // comes to its time limit.
    while (isOpen(folder)) await new Promise((resolve) => setImmediate(resolve));
  });
});
