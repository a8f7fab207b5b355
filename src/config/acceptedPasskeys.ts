import { z } from 'zod'
import { entriesOf, originMistake, refuse } from './accepted'

/** Exact origins of pages, and `android:apk-key-hash:…` of Android apps. */
export const passkeyOrigins = z.string().transform((text, context) => {
  const items = entriesOf(text)
  for (const item of items) {
    const mistake = /^android:apk-key-hash:[\w-]{43}$/.test(item) ? null : originMistake(item)
    if (mistake !== null) refuse(context, `${mistake}, or android:apk-key-hash: with 43 characters`, item)
  }
  return items
})

/** A host name without scheme and port, as WebAuthn takes it. */
export const domain = z
  .string()
  .regex(/^(localhost|([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9]))$/, 'a host name, as in example.com')

export const appleAppIds = z.string().transform((text, context) => {
  const items = entriesOf(text)
  for (const item of items) {
    if (!/^[A-Z0-9]{10}\.[\w.-]+$/.test(item)) refuse(context, 'app ids, as in ABCDE12345.com.example.app', item)
  }
  return items
})

/** Package name and SHA-256 fingerprint of its certificate, as Android's tools print it. */
export const androidApps = z.string().transform((text, context) => {
  const items = entriesOf(text)
  return items.map((item) => {
    const [, packageName = '', fingerprint = ''] = /^([\w.]+):((?:[0-9A-F]{2}:){31}[0-9A-F]{2})$/.exec(item) ?? []
    if (packageName === '') refuse(context, 'package:fingerprint, as in com.example.app:14:6D:… (32 bytes)', item)
    return { packageName, fingerprint }
  })
})
