import { GraphQLJSONObject } from 'graphql-scalars'
import { Authorized, Ctx, Directive, Field, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { Viewer } from '../../services/deps'
import { exportAccount } from '../../services/exportAccount'
import type { Context } from '../context'
import { CurrentViewer } from '../currentViewer'
import { resultOf } from '../objects/userErrors'

@ObjectType()
class ExportAccountSuccess {
  @Field(() => GraphQLJSONObject, { description: 'As docs/account-export.schema.json says.' })
  export: Record<string, unknown>
}

const ExportAccountResult = resultOf('ExportAccountResult', ExportAccountSuccess, ['STEP_UP_REQUIRED', 'RATE_LIMITED'])

@Resolver()
export class ExportAccountMutation {
  @Authorized()
  @Mutation(() => ExportAccountResult, { description: 'Everything that is stored about the account, without secrets.' })
  @Directive('@rateLimit(max: 10, window: "1h", per: [USER])')
  async exportAccount(@Ctx() { deps, client }: Context, @CurrentViewer() viewer: Viewer) {
    return { export: await exportAccount(deps, { client, viewer }) }
  }
}
