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
