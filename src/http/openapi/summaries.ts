/** What each operation does, in one line. */
const SUMMARIES: Readonly<Record<string, string>> = {
  register: 'Registers an address; a mail asks to confirm it',
  verifyEmail: 'Redeems the link of that mail',
  verifyEmailByCode: 'Redeems the code of that mail, for the client that holds the challenge',
  resendVerification: 'Mails another link and code',
  login: 'Starts a session by address and password',
  requestLoginCode: 'Mails a code to log in with',
  loginWithCode: 'Starts a session by that code and the challenge of the client that asked',
  startPasskeyLogin: 'A challenge and the options of navigator.credentials.get',
  loginWithPasskey: 'Starts a session of two factors by a passkey',
  verifySecondFactor: 'The second step of a login, for an account with a second factor',
  refreshSession: 'Exchanges a refresh token for the next one and a new access token',
  logout: 'Ends the session of this request',
  stepUp: 'Proves again who is there, and gives this session new tokens',
  me: 'The signed-in user',
  updateProfile: 'Changes display name and language',
  sessions: 'The live sessions of the user, newest first',
  revokeSession: 'Ends one other session of the user',
  revokeOtherSessions: 'Ends all sessions but this one',
  securityEvents: 'What happened to the account, newest first, in pages',
  exportAccount: 'Everything that is stored about the account, without secrets',
  deleteAccount: 'Deletes the account and everything it has',
  passwordPolicy: 'What a new password must fulfil',
  changePassword: 'Sets a new password, ends the other sessions, and gives this one new tokens',
  requestReset: 'Mails a link that sets a new password',
  confirmReset: 'Sets the new password and ends every session',
  requestEmailChange: 'Mails a link to the new address',
  confirmEmailChange: 'Redeems that link',
  cancelEmailChange: 'Cancels an unconfirmed change of address',
  undoEmailChange: 'Redeems the link that the former address got: restores it, and ends every session',
  rejectLogin: 'Redeems the link in the mail about a login from a new device: ends its session',
  waysIn: 'What a login can begin with, the passkeys and second factors, and how many recovery codes are left',
  enrollTotp: 'Begins to add an authenticator app',
  confirmTotp: 'Proves it by one code: from then on logins ask for it; the first brings ten recovery codes',
  removeSecondFactor: 'Removes an authenticator app; with the last factor the recovery codes go',
  renewRecoveryCodes: 'Voids the recovery codes and shows ten new ones',
  startPasskeyRegistration: 'A challenge and the options of navigator.credentials.create',
  registerPasskey: 'Adds a passkey: a way in, and a second factor beside the password',
  renamePasskey: 'Renames a passkey',
  removePasskey: 'Removes a passkey, unless it is the last way in',
}

export function summaryOf(operationId: string): string {
  const summary = SUMMARIES[operationId]
  if (summary === undefined) throw new Error(`No summary of ${operationId}`)
  return summary
}
