/** Share of white that makes the darkest colour the configuration accepts readable (4.5:1) on the pages' dark background. */
const LIGHTENING = 0.55

/**
 * The accent colour as a style sheet of its own, since the content security policy allows no inline style. On a dark
 * background a lighter tint replaces it: the configured colour is dark enough for white text.
 */
export function brandStyles(color: string): string {
  return `:root { --brand: ${color}; --brand-on-dark: ${lightened(color)}; }\n`
}

/** The pages' icon: a gate in the accent colour. */
export function brandIcon(color: string): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${color}"/>` +
    '<path d="M8 25V15a8 8 0 0 1 16 0v10M13 25v-9a3 3 0 0 1 6 0v9M6 25h20" fill="none" stroke="#fff" ' +
    'stroke-width="2.4" stroke-linecap="round"/></svg>\n'
  )
}

function lightened(color: string): string {
  const channels = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16))
  const mixed = channels.map((channel) => Math.round(channel + (255 - channel) * LIGHTENING))
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`
}
