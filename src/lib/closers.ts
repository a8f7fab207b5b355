type Closer = () => unknown

/** Closes what was opened, in reverse order and once. Each closer runs even if an earlier one failed. */
export class Closers {
  private readonly stack: Closer[] = []
  private closing: Promise<void> | null = null

  push(closer: Closer): void {
    this.stack.push(closer)
  }

  /** Closes everything, last opened first. Throws an AggregateError of what failed, after all closers have run. */
  close(): Promise<void> {
    this.closing ??= this.closeAll()
    return this.closing
  }

  private async closeAll(): Promise<void> {
    const failures: unknown[] = []
    for (let closer = this.stack.pop(); closer; closer = this.stack.pop()) {
      try {
        await closer()
      } catch (failure) {
        failures.push(failure)
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'Some parts did not close cleanly')
  }
}
