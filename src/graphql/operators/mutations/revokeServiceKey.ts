import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { NotFoundError } from '../../../errors/userErrors'
import type { Actor } from '../../../services/deps'
import { revokeServiceKey } from '../../../services/revokeServiceKey'
import { CurrentActor, type OperatorContext } from '../context'
import { operatorResultOf } from '../objects/errors'

@InputType()
class RevokeServiceKeyInput {
  @Field(() => ID)
  serviceKeyId: string
}

@ObjectType()
class RevokeServiceKeySuccess {
  @Field(() => ID)
  serviceKeyId: string
}

const RevokeServiceKeyResult = operatorResultOf('RevokeServiceKeyResult', RevokeServiceKeySuccess)

@Resolver()
export class RevokeServiceKeyMutation {
  @Mutation(() => RevokeServiceKeyResult, { description: 'Refuses a service key from now on.' })
  async revokeServiceKey(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('input', () => RevokeServiceKeyInput) { serviceKeyId }: RevokeServiceKeyInput,
  ) {
    if (!(await revokeServiceKey(deps, actor, serviceKeyId))) throw new NotFoundError()
    return { serviceKeyId }
  }
}
