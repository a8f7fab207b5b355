// Lets a plain `node -r` process load the project's TypeScript: tests kill such processes and look at what is left.
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
require('../../scripts/swc-cache.cjs')
const { transformSync } = require('@swc/core')

const swc = JSON.parse(readFileSync(join(__dirname, '../../.swcrc'), 'utf8'))

require.extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), {
    ...swc,
    swcrc: false,
    filename,
    sourceMaps: 'inline',
  })
  module._compile(code, filename)
}
