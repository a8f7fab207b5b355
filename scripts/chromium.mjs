import { existsSync } from 'node:fs'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-headless-shell']

/** The Chromium of this machine, the headless one too; the usual place where there is none. */
export const chromiumPath = PLACES.find((place) => existsSync(place)) ?? PLACES[0]
