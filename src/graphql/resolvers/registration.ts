import { Arg, Ctx, Directive, Mutation, Resolver } from 'type-graphql'
import { confirmReset } from '../../services/confirmReset'
import { register } from '../../services/register'
import { requestReset } from '../../services/requestReset'
import { resendVerification } from '../../services/resendVerification'
import { verifyEmail } from '../../services/verifyEmail'
import type { Context } from '../context'
import {
  ConfirmResetInput,
  RegisterInput,
  RequestResetInput,
  ResendVerificationInput,
  VerifyEmailInput,
} from '../inputs/registration'
import {
  ConfirmResetResult,
  RegisterResult,
  RequestResetResult,
  ResendVerificationResult,
  VerifyEmailResult,
} from '../types/results'

@Resolver()
export class RegistrationResolver {
  @Mutation(() => RegisterResult)
  @Directive('@rateLimit(max: 10, window: "1h")')
  register(@Ctx() { deps, client }: Context, @Arg('input', () => RegisterInput) input: RegisterInput) {
    return register(deps, client, input)
  }

  @Mutation(() => VerifyEmailResult)
  @Directive('@rateLimit(max: 30, window: "15m")')
  verifyEmail(@Ctx() { deps, client }: Context, @Arg('input', () => VerifyEmailInput) input: VerifyEmailInput) {
    return verifyEmail(deps, client, input)
  }

  @Mutation(() => ResendVerificationResult)
  @Directive('@rateLimit(max: 5, window: "1h", per: [IP, EMAIL])')
  @Directive('@rateLimit(max: 20, window: "1h")')
  resendVerification(
    @Ctx() { deps, client }: Context,
    @Arg('input', () => ResendVerificationInput) input: ResendVerificationInput,
  ) {
    return resendVerification(deps, client, input)
  }

  @Mutation(() => RequestResetResult)
  @Directive('@rateLimit(max: 5, window: "1h", per: [IP, EMAIL])')
  @Directive('@rateLimit(max: 20, window: "1h")')
  requestReset(@Ctx() { deps, client }: Context, @Arg('input', () => RequestResetInput) input: RequestResetInput) {
    return requestReset(deps, client, input)
  }

  @Mutation(() => ConfirmResetResult)
  @Directive('@rateLimit(max: 20, window: "15m")')
  confirmReset(@Ctx() { deps, client }: Context, @Arg('input', () => ConfirmResetInput) input: ConfirmResetInput) {
    return confirmReset(deps, client, input)
  }
}
