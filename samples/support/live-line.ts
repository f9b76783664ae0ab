/** A line of standard output that is redrawn in place, five times a second at most; only on a terminal. */
export class LiveLine {
  private shownAt = -Infinity;

  show(text: () => string): void {
    if (!process.stdout.isTTY || performance.now() - this.shownAt < 200) return;
    this.shownAt = performance.now();
    process.stdout.write(`\r\x1b[K${text()}`);
  }

  clear(): void {
    if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
  }
}
