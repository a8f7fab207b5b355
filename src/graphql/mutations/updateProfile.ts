import { GraphQLJSONObject } from 'graphql-scalars'
import { Arg, Authorized, Ctx, Directive, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { updateProfile } from '../../services/updateProfile'
import type { Viewer } from '../../services/deps'
import type { Context } from '../context'
import { CurrentViewer } from '../currentViewer'
import { UserType } from '../objects/user'
import { resultOf } from '../objects/userErrors'

@InputType()
class UpdateProfileInput {
  @Field(() => String, { nullable: true })
  displayName?: string | null

  @Field(() => String, { nullable: true })
  locale?: string | null

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description: 'Replaces the profile: 4 kB at most, and as PROFILE_SCHEMA_FILE says.',
  })
  profile?: Record<string, unknown> | null
}

@ObjectType()
class UpdateProfileSuccess {
  @Field(() => UserType)
  user: UserType
}

const UpdateProfileResult = resultOf('UpdateProfileResult', UpdateProfileSuccess, ['INVALID_INPUT', 'RATE_LIMITED'])

@Resolver()
export class UpdateProfileMutation {
  @Authorized()
  @Mutation(() => UpdateProfileResult)
  @Directive('@rateLimit(max: 60, window: "1m", per: [USER])')
  async updateProfile(
    @Ctx() { deps, client }: Context,
    @CurrentViewer() viewer: Viewer,
    @Arg('input', () => UpdateProfileInput) input: UpdateProfileInput,
  ) {
    return { user: UserType.of(await updateProfile(deps, { client, viewer }, input), viewer.session.id) }
  }
}
