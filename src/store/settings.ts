import type { Queryable } from './database'

/** What must stay the same for the life of the database. */
export type SettingName = 'passkey_rp_id'

export async function findSetting(db: Queryable, name: SettingName): Promise<string | null> {
  return (await db.setting.findUnique({ where: { name } }))?.value ?? null
}

/** Stores a setting at its first use, and returns the stored value: the first one stays. */
export async function fixSetting(db: Queryable, name: SettingName, value: string): Promise<string> {
  await db.setting.createMany({ data: [{ name, value }], skipDuplicates: true })
  return (await findSetting(db, name)) ?? value
}
