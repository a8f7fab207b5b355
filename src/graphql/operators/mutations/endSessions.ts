import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Resolver } from 'type-graphql'
import { InvalidInputError, NotFoundError } from '../../../errors/userErrors'
import type { Actor } from '../../../services/deps'
import { endAllSessions } from '../../../services/endAllSessions'
import { endSessions } from '../../../services/endSessions'
import { accountKey } from '../changedAccount'
import { CurrentActor, type OperatorContext } from '../context'
import { operatorResultOf } from '../objects/errors'

@InputType({ description: 'One account by `userId`, or `all` with the number of accounts in `confirm`.' })
class EndSessionsInput {
  @Field(() => ID, { nullable: true })
  userId?: string | null

  @Field({ defaultValue: false })
  all: boolean

  @Field(() => String, { nullable: true })
  confirm?: string | null
}

@ObjectType()
class EndSessionsSuccess {
  @Field(() => Int)
  endedSessions: number
}

const EndSessionsResult = operatorResultOf('EndSessionsResult', EndSessionsSuccess)

@Resolver()
export class EndSessionsMutation {
  @Mutation(() => EndSessionsResult, { description: 'Ends the sessions of one account, or of all.' })
  async endSessions(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('input', () => EndSessionsInput) { userId, all, confirm }: EndSessionsInput,
  ) {
    if (typeof userId === 'string' && !all) {
      const endedSessions = await endSessions(deps, actor, accountKey(userId))
      if (endedSessions === null) throw new NotFoundError()
      return { endedSessions }
    }
    const endedSessions = all && typeof userId !== 'string' ? await endAllSessions(deps, actor, confirm ?? '') : null
    if (endedSessions === null)
      throw new InvalidInputError([{ field: all ? 'confirm' : 'userId', code: 'INVALID_FORMAT' }])
    return { endedSessions }
  }
}
