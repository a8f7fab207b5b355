import { Ctx, Query, Resolver } from 'type-graphql'
import { listServiceKeys } from '../../../services/operatorReads'
import type { OperatorContext } from '../context'
import { ServiceKeyType } from '../objects/serviceKey'

@Resolver()
export class ServiceKeysQuery {
  @Query(() => [ServiceKeyType], {
    description: 'Keys of other services, the newest first, without the keys themselves.',
  })
  serviceKeys(@Ctx() { deps }: OperatorContext) {
    return listServiceKeys(deps)
  }
}
