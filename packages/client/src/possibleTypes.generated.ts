// Written by scripts/schema.mjs from the schema: change it there.
/* eslint-disable */

/** The members of each interface and union, for Apollo's InMemoryCache. */
export const possibleTypes: Record<string, string[]> = {
  "CancelEmailChangeResult": [
    "CancelEmailChangeSuccess",
    "RateLimitedError"
  ],
  "ChangePasswordResult": [
    "ChangePasswordSuccess",
    "InvalidCredentialsError",
    "InvalidInputError",
    "OverloadedError",
    "RateLimitedError",
    "StepUpRequiredError",
    "WeakPasswordError"
  ],
  "ConfirmEmailChangeResult": [
    "ConfirmEmailChangeSuccess",
    "ExpiredTokenError",
    "InvalidTokenError",
    "RateLimitedError"
  ],
  "ConfirmResetResult": [
    "ConfirmResetSuccess",
    "ExpiredTokenError",
    "InvalidInputError",
    "InvalidTokenError",
    "OverloadedError",
    "RateLimitedError",
    "WeakPasswordError"
  ],
  "ConfirmTotpResult": [
    "ConfirmTotpSuccess",
    "InvalidCredentialsError",
    "InvalidInputError",
    "NotFoundError",
    "RateLimitedError",
    "StepUpRequiredError"
  ],
  "DeleteAccountResult": [
    "DeleteAccountSuccess",
    "InvalidCredentialsError",
    "OverloadedError",
    "RateLimitedError",
    "StepUpRequiredError"
  ],
  "EnrollTotpResult": [
    "EnrollTotpSuccess",
    "InvalidInputError",
    "RateLimitedError",
    "StepUpRequiredError"
  ],
  "ExportAccountResult": [
    "ExportAccountSuccess",
    "RateLimitedError",
    "StepUpRequiredError"
  ],
  "LoginResult": [
    "EmailNotVerifiedError",
    "ExpiredTokenError",
    "InvalidCredentialsError",
    "InvalidInputError",
    "InvalidTokenError",
    "LoginSuccess",
    "OverloadedError",
    "RateLimitedError",
    "SecondFactorRequiredError"
  ],
  "RefreshSessionResult": [
    "ExpiredTokenError",
    "InvalidTokenError",
    "RateLimitedError",
    "RefreshSessionSuccess"
  ],
  "RegisterPasskeyResult": [
    "ExpiredTokenError",
    "InvalidCredentialsError",
    "InvalidInputError",
    "InvalidTokenError",
    "RateLimitedError",
    "RegisterPasskeySuccess",
    "StepUpRequiredError"
  ],
  "RegisterResult": [
    "InvalidInputError",
    "OverloadedError",
    "RateLimitedError",
    "RegisterSuccess",
    "WeakPasswordError"
  ],
  "RejectLoginResult": [
    "ExpiredTokenError",
    "InvalidTokenError",
    "RateLimitedError",
    "RejectLoginSuccess"
  ],
  "RemovePasskeyResult": [
    "LastWayInError",
    "NotFoundError",
    "RateLimitedError",
    "RemovePasskeySuccess",
    "StepUpRequiredError"
  ],
  "RemoveSecondFactorResult": [
    "NotFoundError",
    "RateLimitedError",
    "RemoveSecondFactorSuccess",
    "StepUpRequiredError"
  ],
  "RenamePasskeyResult": [
    "InvalidInputError",
    "NotFoundError",
    "RateLimitedError",
    "RenamePasskeySuccess"
  ],
  "RenewRecoveryCodesResult": [
    "NotFoundError",
    "RateLimitedError",
    "RenewRecoveryCodesSuccess",
    "StepUpRequiredError"
  ],
  "RequestEmailChangeResult": [
    "InvalidCredentialsError",
    "InvalidInputError",
    "OverloadedError",
    "RateLimitedError",
    "RequestEmailChangeSuccess",
    "StepUpRequiredError"
  ],
  "RequestLoginCodeResult": [
    "InvalidInputError",
    "RateLimitedError",
    "RequestLoginCodeSuccess"
  ],
  "RequestResetResult": [
    "InvalidInputError",
    "RateLimitedError",
    "RequestResetSuccess"
  ],
  "ResendVerificationResult": [
    "InvalidInputError",
    "RateLimitedError",
    "ResendVerificationSuccess"
  ],
  "RevokeSessionResult": [
    "NotFoundError",
    "RateLimitedError",
    "RevokeSessionSuccess"
  ],
  "StartPasskeyLoginResult": [
    "RateLimitedError",
    "StartPasskeyLoginSuccess"
  ],
  "StartPasskeyRegistrationResult": [
    "RateLimitedError",
    "StartPasskeyRegistrationSuccess",
    "StepUpRequiredError"
  ],
  "StepUpResult": [
    "InvalidCredentialsError",
    "InvalidInputError",
    "InvalidTokenError",
    "OverloadedError",
    "RateLimitedError",
    "StepUpSuccess"
  ],
  "UndoEmailChangeResult": [
    "ExpiredTokenError",
    "InvalidTokenError",
    "RateLimitedError",
    "UndoEmailChangeSuccess"
  ],
  "UpdateProfileResult": [
    "InvalidInputError",
    "RateLimitedError",
    "UpdateProfileSuccess"
  ],
  "UserError": [
    "EmailNotVerifiedError",
    "ExpiredTokenError",
    "InvalidCredentialsError",
    "InvalidInputError",
    "InvalidTokenError",
    "LastWayInError",
    "NotFoundError",
    "OverloadedError",
    "RateLimitedError",
    "SecondFactorRequiredError",
    "StepUpRequiredError",
    "WeakPasswordError"
  ],
  "VerifyEmailByCodeResult": [
    "ExpiredTokenError",
    "InvalidCredentialsError",
    "InvalidInputError",
    "InvalidTokenError",
    "RateLimitedError",
    "VerifyEmailSuccess"
  ],
  "VerifyEmailResult": [
    "ExpiredTokenError",
    "InvalidTokenError",
    "RateLimitedError",
    "VerifyEmailSuccess"
  ]
}
