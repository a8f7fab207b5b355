/** What a User-Agent may name, and how it is shown. Of several the first counts: Edge and Opera name Chrome too, and Chrome names Safari. */
const BROWSERS = [
  ['Edg', 'Edge'],
  ['OPR', 'Opera'],
  ['Firefox', 'Firefox'],
  ['FxiOS', 'Firefox'],
  ['CriOS', 'Chrome'],
  ['Chrome', 'Chrome'],
  ['Safari', 'Safari'],
] as const
/** Android names Linux too, and iPhone names Mac OS. */
const SYSTEMS = [
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Android', 'Android'],
  ['Windows', 'Windows'],
  ['Mac OS', 'Mac OS'],
  ['CrOS', 'ChromeOS'],
  ['Linux', 'Linux'],
] as const

/** Browser and system as in `Firefox · Windows`, in words of this list alone: the client chooses its User-Agent. Null without either. */
export function deviceName(userAgent: string | null): string | null {
  const parts = [BROWSERS, SYSTEMS].flatMap((list) => list.find(([sign]) => userAgent?.includes(sign))?.[1] ?? [])
  return parts.length === 0 ? null : parts.join(' · ')
}
