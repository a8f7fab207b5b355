const vm = require('node:vm')
const { TestEnvironment } = require('jest-environment-node') // a part of jest

const compile = vm.compileFunction
/** What the compiler made of each file of a package, by its name. */
const compiled = new Map()

/**
 * jest compiles every file anew for every test file. What the compiler made of the files of packages is used again. Ours are compiled each time: a compiled file counts no branches for the coverage.
 */
vm.compileFunction = (code, parameters, options) => {
  const { filename } = options
  if (!filename.includes('/node_modules/')) return compile(code, parameters, options)
  const cachedData = compiled.get(filename)
  const result = compile(code, parameters, { ...options, cachedData, produceCachedData: cachedData === undefined })
  if (result.cachedData) compiled.set(filename, result.cachedData)
  return result
}

module.exports = TestEnvironment
