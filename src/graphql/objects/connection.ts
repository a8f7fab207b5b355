import { type ClassType, Field, ObjectType } from 'type-graphql'
import { type PageStart, cursorOf } from '../../lib/pageCursor'

@ObjectType('PageInfo')
class PageInfoType {
  @Field()
  hasNextPage: boolean

  @Field(() => String, { nullable: true })
  endCursor: string | null
}

/** A page in the form of Relay's connections, whose total nobody counts: that would read every row. */
export interface Connection<Node> {
  edges: { cursor: string; node: Node }[]
  pageInfo: { hasNextPage: boolean; endCursor: string | null }
}

/** The types `<name>Connection` and `<name>Edge`. */
export function connectionType(name: string, node: ClassType): ClassType {
  @ObjectType(`${name}Edge`)
  class Edge {
    @Field()
    cursor: string

    @Field(() => node)
    node: unknown
  }

  @ObjectType(`${name}Connection`)
  class ConnectionOfNode {
    @Field(() => [Edge])
    edges: Edge[]

    @Field(() => PageInfoType)
    pageInfo: PageInfoType
  }
  return ConnectionOfNode
}

/** A page of `first` rows out of one more, which tells whether there is a next page. */
export function connectionOf<Row extends PageStart, Node>(
  rows: readonly Row[],
  first: number,
  nodeOf: (row: Row) => Node,
): Connection<Node> {
  const edges = rows.slice(0, first).map((row) => ({ cursor: cursorOf(row), node: nodeOf(row) }))
  return { edges, pageInfo: { hasNextPage: rows.length > first, endCursor: edges.at(-1)?.cursor ?? null } }
}
