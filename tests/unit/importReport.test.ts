import { ImportReport } from '../../src/commands/importReport'

let said: string[]
let now: number
beforeEach(() => {
  said = []
  now = Date.parse('2026-11-27T12:00:00Z')
  jest.spyOn(console, 'error').mockImplementation((text: string) => said.push(`error ${text}`))
  jest.spyOn(console, 'log').mockImplementation((text: string) => said.push(text))
})
afterEach(() => jest.restoreAllMocks())

const report = (options: { json?: boolean } = {}) =>
  new ImportReport({ json: false, dryRun: false, clock: { now: () => new Date(now) }, ...options })

test('tells every ten seconds how far it is, and at which speed', () => {
  const told = report()
  for (let line = 1; line <= 40_000; line += 1) told.add({ line, outcome: 'imported' })
  now += 9_999
  told.progress(20_000, 0.2)
  expect(said).toEqual([])
  now += 1
  told.progress(40_000, 0.409)
  told.progress(41_000, 0.41)
  now += 10_000
  told.progress(40_000, null)
  expect(said).toEqual([
    'error 40000 lines (40 %), 4000 a second: 40000 imported, 0 already there, 0 refused',
    'error 40000 lines, 2000 a second: 40000 imported, 0 already there, 0 refused',
  ])
})

test('names a hundred lines that are already there, and counts the others', () => {
  const told = report()
  for (let line = 1; line <= 1_000; line += 1)
    told.add({ line, outcome: 'skipped', problems: ['this address was imported before'] })
  told.add({ line: 1_001, outcome: 'refused', problems: ['is not JSON'] })
  told.summary()
  expect(said.slice(99)).toEqual([
    'error line 100: skipped: this address was imported before',
    'error Further lines that are already there are counted, not named: --json names all of them',
    'error line 1001: refused: is not JSON',
    '0 imported, 1000 already there, 1 refused',
    ...['already there:', '  1000 × this address was imported before', 'refused:', '  1 × is not JSON'],
  ])
})

test('counts problems by kind, the most frequent first, and those of a file that is none as others', () => {
  const told = report()
  for (let line = 1; line <= 100; line += 1)
    told.add({ line, outcome: 'refused', problems: ['email is missing', `has an unknown key k${line}`] })
  said = []
  told.summary()
  expect(said.slice(0, 4)).toEqual([
    ...['0 imported, 0 already there, 100 refused', 'refused:'],
    ...['  100 × email is missing', '  71 × other problems'],
  ])
  expect(said).toHaveLength(33)
})

test('with --json standard output holds JSON alone, of every line that was not imported and of the sum', () => {
  const told = report({ json: true })
  told.add({ line: 1, outcome: 'replaced' })
  for (let line = 2; line <= 200; line += 1)
    told.add({ line, outcome: 'skipped', problems: ['line 1 has the same address'] })
  told.summary()
  expect(said).toHaveLength(200)
  expect(JSON.parse(said[0] ?? '')).toEqual({
    ...{ line: 2, outcome: 'skipped', problems: ['line 1 has the same address'] },
  })
  expect(JSON.parse(said.at(-1) ?? '')).toEqual({
    summary: {
      ...{ dryRun: false, imported: 1, replaced: 1, skipped: 199, refused: 0 },
      problems: { skipped: { 'a line further up has the same address': 199 }, refused: {} },
    },
  })
})
