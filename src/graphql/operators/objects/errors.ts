import type { ClassType } from 'type-graphql'
import { errorTypes } from '../../objects/userErrors'
import type { UserErrorCode } from '../../../errors/catalogue'

const COMMON = ['NOT_FOUND', 'INVALID_INPUT', 'STEP_UP_REQUIRED', 'FORBIDDEN_SCOPE', 'RATE_LIMITED'] as const

const union = errorTypes([...COMMON, 'ALREADY_EXISTS'])

/** The union of an operator's mutation: the failures that each of them may have, and its own. */
export function operatorResultOf(name: string, success: ClassType, failures: readonly UserErrorCode[] = []) {
  return union(name, success, [...COMMON, ...failures])
}
