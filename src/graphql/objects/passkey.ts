import { Field, ID, ObjectType } from 'type-graphql'
import type { Passkey } from '../../services/deps'

@ObjectType('Passkey')
export class PasskeyType {
  @Field(() => ID)
  id: string

  @Field()
  name: string

  @Field()
  createdAt: Date

  @Field(() => Date, { nullable: true })
  lastUsedAt: Date | null

  @Field({ description: 'Synced by a password manager, so it survives the device.' })
  synced: boolean

  @Field(() => String, { nullable: true, description: "The authenticator's model, where it says so." })
  aaguid: string | null

  @Field({ description: 'In base64url, as browsers name it.' })
  credentialId: string

  static of({ id, name, createdAt, lastUsedAt, backedUp, aaguid, credentialId }: Passkey): PasskeyType {
    const shown = { id, name, createdAt, lastUsedAt, aaguid, synced: backedUp }
    return Object.assign(new PasskeyType(), shown, { credentialId: Buffer.from(credentialId).toString('base64url') })
  }
}
