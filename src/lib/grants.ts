type Scalar = string | number | boolean | null

/** A value of a claim: a single value, or one level of them. */
export type ClaimValue = Scalar | Scalar[] | { [name: string]: Scalar }

/** What access tokens say of a user beside ids. Operators write it, users never do. */
export interface Grants {
  roles: string[]
  claims: Record<string, ClaimValue>
}
