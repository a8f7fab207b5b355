/*
 * The script of the hosted pages. A mailed link has its token in the URL's fragment, which browsers do not send; the script
 * sends it in the body of one request, after a person has pressed the button.
 */
'use strict'

const main = document.querySelector('main')
const texts = main.dataset
const language = document.documentElement.lang

/** The fields selected of each operation's result, beside the message that every failure has. */
const ANSWERS = {
  verifyEmail: '... on VerifyEmailSuccess { email resetToken }',
  confirmEmailChange: '... on ConfirmEmailChangeSuccess { email }',
  undoEmailChange: '... on UndoEmailChangeSuccess { email }',
  rejectLogin: '... on RejectLoginSuccess { email }',
  resendVerification:
    '... on ResendVerificationSuccess { email } ... on InvalidInputError { fields { field message } }',
  requestReset: '... on RequestResetSuccess { email } ... on InvalidInputError { fields { field message } }',
  confirmReset: '... on WeakPasswordError { suggestions } ... on InvalidInputError { fields { field message } }',
}
/** Fields that an instance of an earlier release, which may get the request during an upgrade, does not know. */
const NEWER = { confirmReset: '... on ConfirmResetSuccess { email }' }

/*
 * The step and the token, or the code of a login, are kept in this tab's history entry: not in the address bar, a Referer or
 * a copied URL, and still there when a phone unloads the page while its owner uses the password manager.
 */
const state = { step: 'ready', token: '', email: '', ...history.state }
const given = tokenIn(location.hash) ?? tokenIn(location.search) ?? tokenIn(location.pathname)
if (given !== null) Object.assign(state, { step: 'ready', token: given, email: emailIn(location.hash) })
const withoutLink = main.querySelector('[data-step="ask"]') ? 'ask' : 'invalid'
show(state.step === 'ready' && state.token === '' ? withoutLink : state.step)

for (const form of document.forms) form.addEventListener('submit', submit)
for (const button of document.querySelectorAll('[data-reveals]')) makeReveal(button)
for (const help of document.querySelectorAll('[data-help-of]')) {
  document.getElementById(help.dataset.helpOf).addEventListener('focus', () => (help.hidden = false), { once: true })
}
for (const meter of document.querySelectorAll('[data-strength-of]')) watchStrength(meter)
// Another link, opened in this same tab, changes the fragment only.
window.addEventListener('hashchange', () => location.reload())

/** Null where there is none. Scanners that rewrite links move the fragment into the query, or encode its `#`. */
function tokenIn(part) {
  return /(?:^|[#?&]|%23)(?:token|code)(?:=|%3D)(?:%20|\+)*([\w-]*)/i.exec(part)?.[1] ?? null
}

/** The address beside the token, where the page before knew it: for password managers alone, since any link can name any address. */
function emailIn(hash) {
  return new URLSearchParams(hash.slice(1)).get('email') ?? ''
}

function show(step, email = state.email) {
  Object.assign(state, { step, email })
  history.replaceState(state, '', texts.path)
  for (const section of main.querySelectorAll('[data-step]')) section.hidden = section.dataset.step !== step
  for (const place of main.querySelectorAll('[data-email]')) place.textContent = email
  for (const field of main.querySelectorAll('[data-username]')) field.value = email
  for (const place of main.querySelectorAll('[data-account]')) place.hidden = email === ''
  for (const place of main.querySelectorAll('[data-code]'))
    place.textContent = state.token.replace(/^(\d{4})(\d{4})$/, '$1 $2')
  for (const link of main.querySelectorAll('[data-finish]')) {
    // The account page of this browser asked for a code: there it is one click.
    link.hidden = localStorage.getItem('gatehouse-login-code') === null
    link.href = `/account/code#code=${state.token}`
  }
  const heading = main.querySelector(`[data-step="${step}"] h1`)
  document.title = `${heading.textContent} · ${texts.appName}`
  return heading
}

async function submit(event) {
  event.preventDefault()
  const form = event.currentTarget
  if (form.getAttribute('aria-busy') === 'true') return
  const input = Object.fromEntries(new FormData(form))
  const problem = problemOf(input)
  if (problem !== '') return complain(form, [problem])
  if ('withToken' in form.dataset) input.token = state.token
  const release = occupy(form)
  const answer = await send(form.dataset.operation, input)
  release()
  receive(form, answer)
}

/** Checks what needs no server; the server validates everything again. */
function problemOf(input) {
  if (input.email?.trim() === '') return texts.emailMissing
  if (input.password === undefined) return ''
  const length = [...input.password.normalize('NFC')].length
  return length < texts.minLength || length > texts.maxLength ? texts.wrongLength : ''
}

/** Marks the form as busy. The button keeps the focus, which a disabled one would lose. */
function occupy(form) {
  const button = form.querySelector('.button')
  const label = button.textContent
  complain(form, [], { andFocus: false })
  form.setAttribute('aria-busy', 'true')
  button.textContent = texts.working
  return () => {
    form.removeAttribute('aria-busy')
    button.textContent = label
  }
}

/** Resolves to the member of the result's union, or to `{ failed: text }`. */
async function send(operation, input, newer = NEWER[operation] ?? '') {
  const name = operation[0].toUpperCase() + operation.slice(1)
  const selection = `__typename ... on UserError { message } ${ANSWERS[operation]} ${newer}`
  const query = `mutation ${name}($input: ${name}Input!) { ${operation}(input: $input) { ${selection} } }`
  const headers = {
    'content-type': 'application/json',
    accept: 'application/graphql-response+json, application/json;q=0.9',
    'accept-language': language,
  }
  const request = {
    method: 'POST',
    credentials: 'same-origin',
    headers,
    body: JSON.stringify({ query, variables: { input } }),
  }
  const response = await fetch('/graphql', { ...request, signal: AbortSignal.timeout(30_000) }).catch(() => null)
  if (response === null) return { failed: texts.offline }
  const body = await response.json().catch(() => null)
  const isUnknown = body?.errors?.[0]?.extensions?.code === 'GRAPHQL_VALIDATION_FAILED'
  if (newer !== '' && isUnknown) return send(operation, input, '')
  return body?.data?.[operation] ?? { failed: texts.failed }
}

function receive(form, answer) {
  const { __typename: type = '', failed, message, fields = [], suggestions = [], email, resetToken } = answer
  if (failed) return complain(form, [failed], { stuck: true })
  // There were several registrations for the address: the owner of the mailbox chooses the password.
  if (resetToken) return location.replace(`/reset-password#token=${resetToken}&email=${encodeURIComponent(email)}`)
  if (type.endsWith('Success')) return turnTo(form.dataset.next, email)
  if (type === 'ExpiredTokenError') return turnTo('expired')
  if (type === 'InvalidTokenError' || fields.some(({ field }) => field === 'token')) return turnTo('invalid')
  const inputHelps = fields.length > 0 || suggestions.length > 0
  complain(form, fields.length > 0 ? fields.map((field) => field.message) : [message, ...suggestions], {
    stuck: !inputHelps,
  })
}

/** Shows the next step, and discards the token and the password. */
function turnTo(step, email = '') {
  state.token = ''
  if (email !== '') storePassword(email)
  for (const input of main.querySelectorAll('input[name="password"]')) input.value = ''
  show(step, email).focus()
}

/** Has the browser offer to store a new password with its address; those that do not know this call read the form. */
function storePassword(email) {
  const password = main.querySelector('input[name="password"]')?.value
  if (!password || !window.PasswordCredential) return
  navigator.credentials.store(new PasswordCredential({ id: email, password })).catch(() => undefined)
}

/**
 * Shows the problem beside the field and focuses the field. The first text is the problem, further ones are advice. `stuck`:
 * no other input helps, so that the support is shown as well.
 */
function complain(form, [problem, ...advice], { andFocus = true, stuck = false } = {}) {
  const list = document.createElement('ul')
  list.append(...advice.map((text) => Object.assign(document.createElement('li'), { textContent: text })))
  const said = problem ? [Object.assign(document.createElement('p'), { textContent: problem })] : []
  const support = stuck ? main.querySelector('.support') : null
  const parts = [...said, ...(advice.length > 0 ? [list] : []), ...(support ? [support.cloneNode(true)] : [])]
  form.querySelector('.problem').replaceChildren(...parts)
  const field = form.querySelector('input[name]')
  field?.setAttribute('aria-invalid', String(said.length > 0))
  if (andFocus) field?.focus()
}

/** The button that shows what is in a password field, and hides it again. */
function makeReveal(button) {
  const field = document.getElementById(button.dataset.reveals)
  const show = button.textContent
  button.addEventListener('click', () => {
    const hides = field.type === 'text'
    field.type = hides ? 'password' : 'text'
    button.textContent = hides ? show : button.dataset.hide
  })
}

function watchStrength(meter) {
  const field = document.getElementById(meter.dataset.strengthOf)
  const bar = meter.querySelector('[role="meter"]')
  const levels = meter.dataset.levels.split('|')
  field.addEventListener('input', () => {
    const level = field.value === '' ? 0 : scoreOf(field.value) + 1
    const name = level === 0 ? meter.dataset.empty : levels[level - 1]
    meter.hidden = level === 0
    for (const advice of main.querySelectorAll('[data-until-typed]')) advice.hidden = level > 0
    meter.querySelector('[data-too-weak]').hidden = level >= meter.dataset.needed
    meter.dataset.level = level
    bar.setAttribute('aria-valuenow', level)
    bar.setAttribute('aria-valuetext', name)
    meter.querySelector('output').textContent = name
  })
}

const COMMON =
  /pass(word|wort)?|qwert[yz]|azerty|letmein|welcome|admin|login|iloveyou|dragon|monkey|football|baseball/gi
const ROWS = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm', '01234567890', 'qwertzuiop', 'azertyuiop']

/** Characters that are scored: no password may be longer, and a long pasted text must not block the page. */
const READ = 128

/**
 * From 0 to 4, on the scale of the server's estimate (3: about 10^8 guesses) without its dictionaries: letters within a
 * word count little, characters that repeat or continue a run almost nothing.
 */
function scoreOf(password) {
  const plain = password.slice(0, READ).normalize('NFC').toLowerCase().replaceAll(texts.appName.toLowerCase(), 'x')
  const text = [...plain.replace(COMMON, 'x').replace(/(?:19|20)\d\d/g, '7#')]
  const bits = text.reduce((sum, character, at) => sum + bitsOf(character, text.slice(0, at)), 0)
  return [10, 20, 26, 33].filter((limit) => bits >= limit).length
}

function bitsOf(character, before) {
  const last = before.at(-1) ?? ''
  if (last !== '' && isRun(last, character)) return 0.5
  if (
    last !== '' &&
    before
      .slice(0, -1)
      .join('')
      .includes(last + character)
  )
    return 0.8
  if (/\p{Ideographic}|\p{Emoji_Presentation}/u.test(character)) return 6
  if (/\p{L}/u.test(character)) return /\p{L}/u.test(last) ? 2 : 3.3
  return character === ' ' ? 1 : 3.3
}

/** The same character, the next in the alphabet, or a neighbour on the keyboard. */
function isRun(one, other) {
  if (Math.abs(one.codePointAt(0) - other.codePointAt(0)) <= 1) return true
  return ROWS.some((row) => row.includes(one + other) || row.includes(other + one))
}
