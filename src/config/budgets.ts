import { RATE_LIMIT } from './defaults'
import { formatDuration, parseDuration } from '../lib/duration'

/** What a budget counts by; several together are one joint key. */
export type BudgetKey = 'IP' | 'EMAIL' | 'USER' | 'SESSION'

/** The calls of one field that a window allows. */
export interface FieldBudget {
  max: number
  /** Milliseconds. */
  window: number
  per: readonly BudgetKey[]
}

const ANYONE: readonly BudgetKey[] = ['IP']
const WITH_EMAIL: readonly BudgetKey[] = ['IP', 'EMAIL']
const SIGNED_IN: readonly BudgetKey[] = ['IP', 'USER']

/** Each variable that replaces the budgets of a field, with that field and the keys that its budgets may count by. */
export const BUDGET_VARIABLES = {
  RATE_LIMIT_REGISTER: { field: 'register', keys: WITH_EMAIL },
  RATE_LIMIT_VERIFY_EMAIL: { field: 'verifyEmail', keys: ANYONE },
  RATE_LIMIT_RESEND_VERIFICATION: { field: 'resendVerification', keys: WITH_EMAIL },
  RATE_LIMIT_VERIFY_EMAIL_BY_CODE: { field: 'verifyEmailByCode', keys: ANYONE },
  RATE_LIMIT_REQUEST_LOGIN_CODE: { field: 'requestLoginCode', keys: WITH_EMAIL },
  RATE_LIMIT_LOGIN_WITH_CODE: { field: 'loginWithCode', keys: ANYONE },
  RATE_LIMIT_START_PASSKEY_LOGIN: { field: 'startPasskeyLogin', keys: ANYONE },
  RATE_LIMIT_LOGIN_WITH_PASSKEY: { field: 'loginWithPasskey', keys: ANYONE },
  RATE_LIMIT_START_PASSKEY_REGISTRATION: { field: 'startPasskeyRegistration', keys: SIGNED_IN },
  RATE_LIMIT_REGISTER_PASSKEY: { field: 'registerPasskey', keys: SIGNED_IN },
  RATE_LIMIT_RENAME_PASSKEY: { field: 'renamePasskey', keys: SIGNED_IN },
  RATE_LIMIT_REMOVE_PASSKEY: { field: 'removePasskey', keys: SIGNED_IN },
  RATE_LIMIT_LOGIN: { field: 'login', keys: WITH_EMAIL },
  RATE_LIMIT_REFRESH_SESSION: { field: 'refreshSession', keys: ['IP', 'SESSION'] },
  RATE_LIMIT_LOGOUT: { field: 'logout', keys: SIGNED_IN },
  RATE_LIMIT_REVOKE_SESSION: { field: 'revokeSession', keys: SIGNED_IN },
  RATE_LIMIT_REVOKE_OTHER_SESSIONS: { field: 'revokeOtherSessions', keys: SIGNED_IN },
  RATE_LIMIT_REQUEST_RESET: { field: 'requestReset', keys: WITH_EMAIL },
  RATE_LIMIT_CONFIRM_RESET: { field: 'confirmReset', keys: ANYONE },
  RATE_LIMIT_UPDATE_PROFILE: { field: 'updateProfile', keys: SIGNED_IN },
  RATE_LIMIT_CHANGE_PASSWORD: { field: 'changePassword', keys: SIGNED_IN },
  RATE_LIMIT_REQUEST_EMAIL_CHANGE: { field: 'requestEmailChange', keys: SIGNED_IN },
  RATE_LIMIT_CONFIRM_EMAIL_CHANGE: { field: 'confirmEmailChange', keys: ANYONE },
  RATE_LIMIT_CANCEL_EMAIL_CHANGE: { field: 'cancelEmailChange', keys: SIGNED_IN },
  RATE_LIMIT_UNDO_EMAIL_CHANGE: { field: 'undoEmailChange', keys: ANYONE },
  RATE_LIMIT_REJECT_LOGIN: { field: 'rejectLogin', keys: ANYONE },
  RATE_LIMIT_DELETE_ACCOUNT: { field: 'deleteAccount', keys: SIGNED_IN },
  RATE_LIMIT_EXPORT_ACCOUNT: { field: 'exportAccount', keys: SIGNED_IN },
  RATE_LIMIT_VERIFY_SECOND_FACTOR: { field: 'verifySecondFactor', keys: ANYONE },
  RATE_LIMIT_ENROLL_TOTP: { field: 'enrollTotp', keys: SIGNED_IN },
  RATE_LIMIT_CONFIRM_TOTP: { field: 'confirmTotp', keys: SIGNED_IN },
  RATE_LIMIT_REMOVE_SECOND_FACTOR: { field: 'removeSecondFactor', keys: SIGNED_IN },
  RATE_LIMIT_RENEW_RECOVERY_CODES: { field: 'renewRecoveryCodes', keys: SIGNED_IN },
  RATE_LIMIT_STEP_UP: { field: 'stepUp', keys: SIGNED_IN },
} as const satisfies Record<string, { field: string; keys: readonly BudgetKey[] }>

export type BudgetVariable = keyof typeof BUDGET_VARIABLES

const BUDGET = /^(\d{1,6})\s*\/\s*(\w+)\s+per\s+([A-Z+]+)$/

/** Parses budgets such as `200/1h per IP, 500/15m per IP+EMAIL`; null if malformed, or if a key is not in `keys`. */
export function parseBudgets(text: string, keys: readonly BudgetKey[]): FieldBudget[] | null {
  const budgets = text.split(',').map((item) => parseBudget(item.trim(), keys))
  const known = budgets.filter((budget) => budget !== null)
  return known.length === budgets.length ? known : null
}

function parseBudget(text: string, keys: readonly BudgetKey[]): FieldBudget | null {
  const [, calls = '', length = '', names = ''] = BUDGET.exec(text) ?? []
  const [max, window] = [Number(calls), parseDuration(length)]
  const given = names.split('+')
  const per = keys.filter((key) => given.includes(key))
  if (max < 1 || window === null || window > RATE_LIMIT.longestWindow || per.length !== given.length) return null
  return { max, window, per }
}

/** Describes the syntax of `parseBudgets` for an error message. */
export function acceptedBudgets(keys: readonly BudgetKey[]): string {
  const joint = keys.length > 1 ? `, or joined as ${keys.join('+')}` : ''
  return `budgets such as "200/1h per ${keys[0] ?? 'IP'}", several separated by commas, a window of ${formatDuration(RATE_LIMIT.longestWindow)} at most; per ${keys.join(' or ')}${joint}`
}

/** Variables that begin with RATE_LIMIT_ but name no field. */
export function unknownBudgetVariables(names: readonly string[]): string[] {
  return names.filter((name) => name.startsWith('RATE_LIMIT_') && !Object.hasOwn(BUDGET_VARIABLES, name))
}

/** The budgets of the environment that replace a field's own, by field. */
export function replacedBudgets(
  env: Partial<Record<BudgetVariable, FieldBudget[] | undefined>>,
): Record<string, readonly FieldBudget[]> {
  const replaced: Record<string, readonly FieldBudget[]> = {}
  for (const [name, { field }] of Object.entries(BUDGET_VARIABLES)) {
    const budgets = env[name as BudgetVariable]
    if (budgets) replaced[field] = budgets
  }
  return replaced
}
