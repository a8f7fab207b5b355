import { DURATIONS, type DurationUnit, type Locale } from '../generated/locales'
import { fill } from './text'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

interface Formatters {
  plural: Intl.PluralRules
  day: Intl.DateTimeFormat
  time: Intl.DateTimeFormat
}

/** Formatters are reused: building one takes longer than rendering a mail. */
const cache = new Map<Locale, Formatters>()

/**
 * `milliseconds` in words, as in "24 hours" or "2 days": whole units, rounded down, so that no text promises a
 * longer time than there is. One day is written as hours, since "1 day" could be read as until the end of the day.
 */
export function durationText(locale: Locale, milliseconds: number): string {
  const [unit, count] = wholeUnits(milliseconds)
  const forms = DURATIONS[locale][unit]
  return fill(forms[formatters(locale).plural.select(count)] ?? forms.other, { count })
}

/** A point in time in words, in UTC: the reader's time zone is unknown. `wording` puts {day} and {time} together. */
export function instantText(locale: Locale, instant: Date, wording: string): string {
  const { day, time } = formatters(locale)
  return fill(wording, { day: day.format(instant), time: time.format(instant) })
}

function wholeUnits(milliseconds: number): [DurationUnit, number] {
  const precision = milliseconds >= 2 * DAY ? HOUR : milliseconds >= 2 * MINUTE ? MINUTE : SECOND
  const whole = Math.max(Math.floor(milliseconds / precision) * precision, SECOND)
  if (whole >= 2 * DAY && whole % DAY === 0) return ['day', whole / DAY]
  if (whole % HOUR === 0) return ['hour', whole / HOUR]
  if (whole % MINUTE === 0) return ['minute', whole / MINUTE]
  return ['second', whole / SECOND]
}

function formatters(locale: Locale): Formatters {
  const known = cache.get(locale)
  if (known) return known
  // Latin digits in every language, as in the links and limits beside them.
  const tag = `${locale}-u-nu-latn-ca-gregory`
  const made = {
    plural: new Intl.PluralRules(locale),
    day: new Intl.DateTimeFormat(tag, { dateStyle: 'long', timeZone: 'UTC' }),
    time: new Intl.DateTimeFormat(tag, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: 'UTC' }),
  }
  cache.set(locale, made)
  return made
}
