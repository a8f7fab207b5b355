import type { PageStart } from '../lib/pageCursor'

/** Parts of a query for one page of a table with time and id, the newest first: `beyond` for `where`, and the rest of it. */
export function newestFirst({ first, after }: { first: number; after: PageStart | null }) {
  const beyond = after && {
    OR: [{ createdAt: { lt: after.createdAt } }, { createdAt: after.createdAt, id: { lt: after.id } }],
  }
  return { beyond, page: { orderBy: [{ createdAt: 'desc' as const }, { id: 'desc' as const }], take: first } }
}
