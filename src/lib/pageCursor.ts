import { isUuid } from './uuid'

/** Where a page begins: after this row of a list that is ordered by time and id. */
export interface PageStart {
  createdAt: Date
  id: string
}

/** The cursor of a row, as clients and commands see it. */
export function cursorOf({ createdAt, id }: PageStart): string {
  return `${createdAt.toISOString()},${id}`
}

/** The row that a cursor names; null if it is none of ours. */
export function pageStartOf(cursor: string): PageStart | null {
  const [time = '', id = '', ...rest] = cursor.split(',')
  const createdAt = new Date(time)
  const isTime = !Number.isNaN(createdAt.getTime()) && createdAt.toISOString() === time
  return isTime && isUuid(id) && rest.length === 0 ? { createdAt, id } : null
}
