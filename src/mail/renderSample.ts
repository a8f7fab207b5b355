import type { Locale } from '../generated/locales'
import type { MailContent } from './mailContent'
import { type Brand, type RenderedMail, renderMail } from './renderMail'
import { type MailName, type MailPayload, TEMPLATES, leastSample } from './templates'

/** With every value that the mail may have, or with those alone that it always has. */
export type SampleExtent = 'most' | 'least'

const BRAND: Record<SampleExtent, Brand> = {
  most: {
    ...{ appName: 'Gatehouse', brandColor: '#1f4fd8', appUrl: 'https://app.example.com' },
    ...{ accountUrl: 'https://auth.example.com/account', supportUrl: 'mailto:support@example.com' },
    logoUrl: 'https://app.example.com/logo.png',
  },
  least: {
    ...{ appName: 'Gatehouse', brandColor: '#1f4fd8', appUrl: null },
    ...{ accountUrl: null, supportUrl: null, logoUrl: null },
  },
}

interface Sample {
  content: MailContent
  name: MailName
  locale: Locale
  extent: SampleExtent
  /** Default: a brand that has, or lacks, all that a brand may. */
  brand?: Brand
}

/** A mail with the values of its sample: for previews, and for checks of changed templates. */
export function renderSample({ content, name, locale, extent, brand = BRAND[extent] }: Sample): RenderedMail {
  const payload: MailPayload<MailName> = extent === 'most' ? TEMPLATES[name].sample : leastSample(name)
  return renderMail({ name, payload, locale, brand, content })
}

interface SampleCase {
  payload: MailPayload<MailName>
  brand: Brand
}

/** The sample of a mail with every combination of the values that it, or a brand, may lack. */
export function sampleCases(name: MailName): SampleCase[] {
  const payloads = combinations<MailPayload<MailName>>(TEMPLATES[name].sample, leastSample(name))
  const brands = combinations(BRAND.most, BRAND.least)
  return payloads.flatMap((payload) => brands.map((brand) => ({ payload, brand })))
}

/** Every object between the two: what differs is taken from the one or from the other, a code and its life together. */
function combinations<Of extends object>(most: Of, least: Partial<Of>): Of[] {
  const keys = (Object.keys(most) as (keyof Of & string)[]).filter((key) => most[key] !== least[key])
  const isOfCode = (key: string) => key.startsWith('code')
  const groups = [keys.filter(isOfCode), ...keys.filter((key) => !isOfCode(key)).map((key) => [key])]
  return groups.reduce<Of[]>(
    (all, group) => {
      const absent = Object.fromEntries(group.map((key) => [key, least[key]]))
      return group.length === 0 ? all : all.flatMap((each) => [each, { ...each, ...absent }])
    },
    [most],
  )
}
