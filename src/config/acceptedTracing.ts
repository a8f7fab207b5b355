import { z } from 'zod'
import { entriesOf, isPercentEncoded } from './accepted'

/** A part of all, such as the share of the traces that are exported. */
export const ratio = z
  .string()
  .regex(/^(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?)$/, 'a number from 0 to 1, as in 0.05')
  .transform(Number)

/** Headers as OpenTelemetry writes them: `name=value` separated by commas, values percent-encoded. */
export const otlpHeaders = z
  .string()
  .refine(
    (text) =>
      entriesOf(text).every(
        (entry) => /^[\w-]{1,100} ?= ?[\x21-\x7e ]{1,4000}$/.test(entry) && isPercentEncoded(entry),
      ),
    'headers as in api-key=secret,x-tenant=one, with %25 for % and %2C for a comma',
  )
