import { FirstLines } from '../../src/lib/firstLines'

test('finds the first line of each of many texts, and none of a text that was not added', () => {
  const lines = new FirstLines()
  for (let line = 1; line <= 20_000; line += 1) {
    lines.add(`person${line}@example.com`, line)
    lines.add(`person${line}@example.com`, line + 1)
  }
  const found = Array.from({ length: 20_000 }, (_, index) => lines.find(`person${index + 1}@example.com`))
  expect(found).toEqual(found.map((_, index) => index + 1))
  expect(lines.find('person0@example.com')).toBeNull()
})
