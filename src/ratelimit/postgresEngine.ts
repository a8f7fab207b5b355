import type { Pool } from 'pg'
import type { CounterEngine } from './counterEngine'

/**
 * One statement for any number of keys, sorted, so that two statements cannot deadlock. Times are those of the database:
 * instances whose clocks differ would end each other's windows.
 */
const HIT = `
  WITH clock AS (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now)
  INSERT INTO rate_limit_counters AS counter (key, points, expire)
  SELECT hit.key, hit.calls, clock.now + hit.length
  FROM unnest($1::text[], $2::int[], $3::bigint[]) AS hit (key, calls, length), clock
  ORDER BY hit.key COLLATE "C"
  ON CONFLICT (key) DO UPDATE SET
    points = CASE WHEN counter.expire > (SELECT now FROM clock) THEN counter.points ELSE 0 END + excluded.points,
    expire = CASE WHEN counter.expire > (SELECT now FROM clock) THEN counter.expire ELSE excluded.expire END
  RETURNING key, points AS calls, expire - (SELECT now FROM clock) AS "msLeft"`

const REFUND = `
  WITH refunded AS (
    SELECT counter.key, refund.max
    FROM rate_limit_counters counter JOIN unnest($1::text[], $2::int[]) AS refund (key, max) USING (key)
    ORDER BY counter.key COLLATE "C" FOR UPDATE OF counter
  )
  UPDATE rate_limit_counters counter SET points = LEAST(counter.points, refunded.max) - 1
  FROM refunded WHERE counter.key = refunded.key AND counter.points > 0`

/** Counts in the table rate_limit_counters, which is UNLOGGED, so that a count writes no WAL. */
export function createPostgresEngine(pool: Pool): CounterEngine {
  return {
    async hit(hits) {
      const values = [hits.map(({ key }) => key), hits.map(({ calls }) => calls), hits.map(({ window }) => window)]
      const { rows } = await pool.query<{ key: string; calls: number; msLeft: string }>({
        name: 'rate-limit-hit',
        text: HIT,
        values,
      })
      const counts = new Map(rows.map(({ key, calls, msLeft }) => [key, { calls, msLeft: Number(msLeft) }]))
      return hits.map(({ key }) => {
        const count = counts.get(key)
        if (!count) throw new Error('The store returned no count for a rate-limit counter')
        return count
      })
    },

    async refund(refunds) {
      const values = [refunds.map(({ key }) => key), refunds.map(({ max }) => max)]
      await pool.query({ name: 'rate-limit-refund', text: REFUND, values })
    },
  }
}
