import type { ClientInfo, Deps, Viewer } from './deps'
import { commit } from './steps/commit'
import { InputReader } from './steps/inputReader'
import { NotFoundError } from '../errors/userErrors'
import { isUuid } from '../lib/uuid'
import { type Passkey, renamePasskey as rename } from '../store/passkeys'

/** Renames a passkey of the viewer. Throws InvalidInputError or NotFoundError. */
export async function renamePasskey(
  deps: Pick<Deps, 'clock' | 'database' | 'sessionCache'>,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
  input: { passkeyId: string; name: string },
): Promise<{ passkey: Passkey }> {
  const read = new InputReader()
  const name = read.displayName('name', input.name) ?? read.refuse('name', 'REQUIRED')
  read.done()
  const { passkeyId: id } = input
  if (!isUuid(id)) throw new NotFoundError()

  const userId = viewer.account.id
  const passkey = await commit(deps, client, async (tx) => {
    const renamed = await rename(tx, { id, userId, name })
    if (!renamed) throw new NotFoundError()
    return { result: renamed, event: { type: 'passkey_renamed', userId, details: { passkeyId: id } }, invalidate: [] }
  })
  return { passkey }
}
