import { spellMailedCode } from '../crypto/mailedCode'
import { escapeHtml } from '../lib/escapeHtml'
import { NEEDED, visible } from './mailChecks'
import { type MailContent, SHIPPED } from './mailContent'
import { MissingValueError, type RenderedMail, renderMail } from './renderMail'
import { sampleCases } from './renderSample'
import type { MailName } from './templates'

type Part = keyof MailContent['templates'][MailName]
type Case = ReturnType<typeof sampleCases>[number]

/**
 * What is wrong with one part of a mail, in whichever combination of the values that it may lack: a value that it does not
 * have then, a block without its end, and a link or code that the shipped mail shows and this one does not. Null: nothing.
 */
export function renderingProblem(content: MailContent, name: MailName, part: Part): string | null {
  for (const sample of sampleCases(name)) {
    const problem = problemOf(content, { name, part, sample })
    if (problem !== null) return problem
  }
  return null
}

interface Tried {
  name: MailName
  part: Part
  sample: Case
}

function problemOf(content: MailContent, { name, part, sample }: Tried): string | null {
  const mail = { name, ...sample, locale: 'en' as const }
  try {
    const rendered = renderMail({ ...mail, content })
    if (rendered[part].includes('%%')) return 'a block lacks its %%end%%, or a %% is left'
    const shipped = renderMail({ ...mail, content: SHIPPED })
    const lost = neededOf(sample).find(([, value]) => shows(shipped, 'text', value) && !shows(rendered, part, value))
    return lost === undefined ? null : `it does not show ${lost[0]}, or not in every case`
  } catch (error) {
    if (!(error instanceof MissingValueError)) throw error
    const { placeholder: key } = error
    return `%%${key}%% has no value, or not in every case: put it between %%if ${key}%% and %%end%%`
  }
}

function neededOf({ payload }: Case): [key: string, value: string][] {
  return Object.entries(payload).flatMap(([key, value]) => {
    if (!NEEDED.includes(key) || typeof value !== 'string') return []
    return [[key, key === 'code' ? spellMailedCode(value) : value]]
  })
}

function shows(mail: RenderedMail, part: Part, value: string): boolean {
  return part === 'html' ? visible(mail.html).includes(escapeHtml(value)) : mail.text.includes(value)
}
