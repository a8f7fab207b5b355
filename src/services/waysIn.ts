import type { Deps } from './deps'
import { type SecondFactor, countRecoveryCodes, listSecondFactors as list } from '../store/secondFactors'
import { NO_PASSWORD, findUser } from '../store/users'

type Needs = Pick<Deps, 'database'>

export function listSecondFactors({ database }: Needs, userId: string): Promise<SecondFactor[]> {
  return list(database.prisma, userId)
}

export function recoveryCodesLeft({ database }: Needs, userId: string): Promise<number> {
  return countRecoveryCodes(database.prisma, userId)
}

/** What a login to this account can begin with. */
export async function waysIn({ database }: Needs, userId: string): Promise<'PASSWORD'[]> {
  const user = await findUser(database.prisma, userId)
  return user && user.passwordHash !== NO_PASSWORD ? ['PASSWORD'] : []
}
