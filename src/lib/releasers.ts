type Release = () => unknown

/** What was opened, closed in reverse and exactly once: a later release runs although an earlier one failed. */
export class Releasers {
  private readonly stack: Release[] = []
  private closing: Promise<void> | null = null

  push(release: Release): void {
    this.stack.push(release)
  }

  /** Closes everything, last opened first. Throws an AggregateError of the releases that failed, after all have run. */
  close(): Promise<void> {
    this.closing ??= this.closeAll()
    return this.closing
  }

  private async closeAll(): Promise<void> {
    const failures: unknown[] = []
    for (let release = this.stack.pop(); release; release = this.stack.pop()) {
      try {
        await release()
      } catch (failure) {
        failures.push(failure)
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'Some parts did not close cleanly')
  }
}
