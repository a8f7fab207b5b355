import { Arg, Ctx, Field, InputType, Int, Mutation, ObjectType, Resolver } from 'type-graphql'
import { SERVICE_KEY } from '../../../config/operatorDefaults'
import { createServiceKey } from '../../../services/createServiceKey'
import type { Actor } from '../../../services/deps'
import { CurrentActor, type OperatorContext } from '../context'
import { operatorResultOf } from '../objects/errors'
import { ServiceKeyType } from '../objects/serviceKey'

@InputType()
class CreateServiceKeyInput {
  @Field({ description: 'Which service it is for.' })
  name: string

  @Field(() => [String], { description: 'What it may do: docs/operators.md lists the scopes.' })
  scopes: string[]

  @Field(() => Int, { defaultValue: SERVICE_KEY.defaultDays, description: 'Days until it expires.' })
  days: number

  @Field(() => [String], { defaultValue: [], description: 'Addresses and ranges that it may be used from.' })
  allowedIps: string[]
}

@ObjectType()
class CreateServiceKeySuccess {
  @Field({ description: 'The key, shown this once.' })
  key: string

  @Field(() => ServiceKeyType)
  serviceKey: ServiceKeyType
}

const CreateServiceKeyResult = operatorResultOf('CreateServiceKeyResult', CreateServiceKeySuccess)

@Resolver()
export class CreateServiceKeyMutation {
  @Mutation(() => CreateServiceKeyResult, { description: 'Creates a key for another service.' })
  createServiceKey(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('input', () => CreateServiceKeyInput) input: CreateServiceKeyInput,
  ) {
    return createServiceKey(deps, actor, input)
  }
}
