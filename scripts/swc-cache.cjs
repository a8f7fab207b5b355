// The compiler unpacks its binary into the user's cache folder. A user without one, as in a service or a container, gets one in
// node_modules.
const { accessSync, constants, mkdirSync } = require('node:fs')
const { join } = require('node:path')

function isWritable(folder) {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

const { HOME, XDG_CACHE_HOME } = process.env
const ofUser = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'))
if (!ofUser || !isWritable(ofUser))
  process.env.SWC_NATIVE_BINDING_CACHE ??= join(__dirname, '../node_modules/.cache/swc')
