import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { SchedulerLike, Subscription } from 'rxjs';

/** Milliseconds without a change before files are taken to be complete. */
const QUIET = 100;

/**
 * Watches files, by watching their folders: tools that renew certificates put new files, or new links, in the place of
 * the old ones.
 */
export class FileWatch {
  private readonly changed: () => void;
  private readonly failed: (error: unknown) => void;
  private readonly scheduler: SchedulerLike;
  private readonly watchers = new Map<string, FSWatcher>();
  private timer: Subscription | undefined;

  /** @param changed Called some time after something has changed in the folders, be it in other files. */
  constructor(scheduler: SchedulerLike, changed: () => void, failed: (error: unknown) => void) {
    this.scheduler = scheduler;
    this.changed = changed;
    this.failed = failed;
  }

  /** Watches the folders of these files, and those only. */
  follow(files: readonly string[]): void {
    const folders = new Set(files.map((file) => dirname(file)));
    for (const [folder, watcher] of this.watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.watchers.delete(folder);
    }
    for (const folder of folders) if (!this.watchers.has(folder)) this.open(folder);
  }

  stop(): void {
    this.timer?.unsubscribe();
    for (const watcher of this.watchers.values()) watcher.close();
    this.watchers.clear();
  }

  private open(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.touched());
      watcher.on('error', this.failed);
      this.watchers.set(folder, watcher);
    } catch (error) {
      this.failed(error);
    }
  }

  private touched(): void {
    this.timer?.unsubscribe();
    this.timer = this.scheduler.schedule(() => this.changed(), QUIET);
  }
}
