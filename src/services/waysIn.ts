import type { Deps } from './deps'
import type { Config } from '../config/config'
import type { Queryable } from '../store/database'
import { type Passkey, listPasskeys as list } from '../store/passkeys'
import { type SecondFactor, countRecoveryCodes, listSecondFactors as listFactors } from '../store/secondFactors'
import { NO_PASSWORD, findUser } from '../store/users'

type Needs = Pick<Deps, 'database'>

export type WayIn = 'PASSWORD' | 'PASSKEY' | 'MAILED_CODE'

export function listSecondFactors({ database }: Needs, userId: string): Promise<SecondFactor[]> {
  return listFactors(database.prisma, userId)
}

export function recoveryCodesLeft({ database }: Needs, userId: string): Promise<number> {
  return countRecoveryCodes(database.prisma, userId)
}

export function listPasskeys({ database }: Needs, userId: string): Promise<Passkey[]> {
  return list(database.prisma, userId)
}

export function waysIn({ database, config }: Needs & Pick<Deps, 'config'>, userId: string): Promise<WayIn[]> {
  return waysInOf(database.prisma, config, userId)
}

/** What a login to an account can begin with: the one place that decides whether something may be removed. */
export async function waysInOf(db: Queryable, config: Pick<Config, 'loginCode'>, userId: string): Promise<WayIn[]> {
  const user = await findUser(db, userId)
  const ways: WayIn[] = []
  if (user && user.passwordHash !== NO_PASSWORD) ways.push('PASSWORD')
  if ((await list(db, userId)).length > 0) ways.push('PASSKEY')
  if (config.loginCode) ways.push('MAILED_CODE')
  return ways
}
