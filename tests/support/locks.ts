import { until } from './until'

interface Holder {
  query(text: string): Promise<{ rowCount: number | null }>
}

/**
 * Resolves once something waits for a row that the transaction of `holder` has locked, or `asked` has its answer without a
 * wait. By then the test may change what the request has read.
 */
export async function waitsForLock(holder: Holder, asked: Promise<unknown>): Promise<void> {
  let isAnswered = false
  const answered = () => void (isAnswered = true)
  asked.then(answered, answered)
  await until(async () => {
    const { rowCount } = await holder.query(
      'SELECT 1 FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))',
    )
    return isAnswered || rowCount !== 0
  }, 'the request waits for a lock')
}
