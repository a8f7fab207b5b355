import { Ctx, Field, Int, ObjectType, Query, Resolver } from 'type-graphql'
import { listRoles } from '../../../services/operatorReads'
import type { OperatorContext } from '../context'

@ObjectType('Role')
class RoleType {
  @Field()
  name: string

  @Field(() => Int, { description: 'Accounts that have it.' })
  users: number
}

@Resolver()
export class RolesQuery {
  @Query(() => [RoleType], { description: 'The roles in use. `operator` and `auditor` open this API.' })
  roles(@Ctx() { deps }: OperatorContext) {
    return listRoles(deps)
  }
}
