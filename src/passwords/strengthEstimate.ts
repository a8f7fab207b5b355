import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import * as common from '@zxcvbn-ts/language-common'
import * as english from '@zxcvbn-ts/language-en'
import { PASSWORD } from '../config/defaults'

/** `score` runs from 0 (guessed at once) to 4; `suggestions` are of `PASSWORD_ADVICE` and empty for the best. */
export interface Strength {
  score: 0 | 1 | 2 | 3 | 4
  suggestions: string[]
}

/** Maximum number of words of the account: more would cost time and find nothing. */
const CONTEXT_WORDS = 16
/** Minimum code points of such a word: shorter ones occur by chance in too many passwords. */
const SHORTEST_WORD = 4

/**
 * Returns a function that estimates how hard a password is to guess, by the English and the international dictionaries.
 * Creating it takes about 250 ms and 65 MB, and one estimate up to 0.1 s: run it on a thread of its own.
 */
export function createStrengthEstimate(): (password: string, context: readonly string[]) => Strength {
  const zxcvbn = new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary },
    graphs: common.adjacencyGraphs,
    // The search for `p@ssw0rd` grows with every character that may stand for another: 0.36 s at 64 without this bound.
    l33tMaxSubstitutions: 10,
  })
  return (password, context) => {
    const read = cut(password)
    const words = wordsOf(context)
    const { length, novel } = withoutRepetition(password)
    const repeats = novel.length * 2 <= length
    const { score, feedback } = zxcvbn.check(repeats ? cut(novel.join('')) : read, words)
    const advice = [...(feedback.warning === null ? [] : [feedback.warning]), ...feedback.suggestions]
    if (isMostly(read, words)) return { score: score > 1 ? 1 : score, suggestions: unique(['userInputs', ...advice]) }
    if (length >= PASSWORD.lengthAlone && !repeats) return { score: 4, suggestions: [] }
    if (repeats && score < 4) return { score, suggestions: unique(['extendedRepeat', ...advice]) }
    if (advice.length === 0 && score < 4) return { score, suggestions: ['anotherWord'] }
    return { score, suggestions: unique(advice) }
  }
}

/** Minimum code points of a repetition: shorter runs recur in every sentence. */
const SHORTEST_REPEAT = 3

/**
 * The code points of a password that do not repeat an earlier part of it, whatever their case: `password` eight times is
 * hardly harder to guess than once. Reads no more than a password may have, since the work grows with the square.
 */
function withoutRepetition(password: string): { length: number; novel: string[] } {
  const points = Array.from(password).slice(0, PASSWORD.maxLength)
  const folded = points.map((point) => point.toLowerCase())
  const novel: string[] = []
  let position = 0
  while (position < points.length) {
    const repeated = longestRepeat(folded, position)
    if (repeated < SHORTEST_REPEAT) novel.push(points[position] ?? '')
    position += repeated < SHORTEST_REPEAT ? 1 : repeated
  }
  return { length: points.length, novel }
}

/** Length of the longest run from `position` on that also starts earlier; the two may overlap, as in `aaaa`. */
function longestRepeat(points: readonly string[], position: number): number {
  let longest = 0
  for (let earlier = 0; earlier < position; earlier += 1) {
    let length = 0
    while (position + length < points.length && points[earlier + length] === points[position + length]) length += 1
    longest = Math.max(longest, length)
  }
  return longest
}

/** Each word of the account as it is, without separators, and its parts: of `anna.b@example.com` these are three or more. */
function wordsOf(context: readonly string[]): string[] {
  const words = context.slice(0, CONTEXT_WORDS).flatMap((text) => {
    const word = cut(text.toLowerCase())
    const parts = word.split(/[^\p{L}\p{N}]+/u)
    return [word, parts.join(''), ...parts]
  })
  return unique(words).filter((word) => Array.from(word).length >= SHORTEST_WORD)
}

/**
 * Whether more than half of the password is words of its account, in any case and with anything between them: the first
 * guesses of an attacker who knows the account, which an estimate by dictionaries alone rates too high.
 */
function isMostly(password: string, words: readonly string[]): boolean {
  const lower = password.toLowerCase()
  const longestFirst = [...words].sort((a, b) => b.length - a.length)
  const rest = longestFirst.reduce((text, word) => text.replaceAll(word, ''), lower)
  return rest.length * 2 < lower.length
}

function cut(text: string): string {
  return Array.from(text).slice(0, PASSWORD.estimatedLength).join('')
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)]
}
