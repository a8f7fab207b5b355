/** The part of it that the tests use, so that the types of the project can be checked where the package is not installed. */
declare module 'otpauth' {
  export class Secret {
    static fromBase32(text: string): Secret
    readonly base32: string
  }
  export class TOTP {
    constructor(options: { secret: Secret })
    readonly issuer: string
    readonly label: string
    readonly secret: Secret
    generate(options: { timestamp: number }): string
  }
  export const URI: { parse(uri: string): TOTP }
}
