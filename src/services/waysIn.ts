import type { Deps } from './deps'
import { type SecondFactor, countRecoveryCodes, listSecondFactors as list } from '../store/secondFactors'
import { NO_PASSWORD, findUser } from '../store/users'

type Needs = Pick<Deps, 'database'>

export type WayIn = 'PASSWORD' | 'MAILED_CODE'

export function listSecondFactors({ database }: Needs, userId: string): Promise<SecondFactor[]> {
  return list(database.prisma, userId)
}

export function recoveryCodesLeft({ database }: Needs, userId: string): Promise<number> {
  return countRecoveryCodes(database.prisma, userId)
}

/** What a login to this account can begin with. */
export async function waysIn({ database, config }: Needs & Pick<Deps, 'config'>, userId: string): Promise<WayIn[]> {
  const user = await findUser(database.prisma, userId)
  const hasPassword = user !== null && user.passwordHash !== NO_PASSWORD
  return [...(hasPassword ? ['PASSWORD' as const] : []), ...(config.loginCode ? ['MAILED_CODE' as const] : [])]
}
