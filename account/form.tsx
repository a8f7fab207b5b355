import { type ComponentChildren, type JSX, createContext } from 'preact'
import { useContext, useEffect, useId, useRef, useState } from 'preact/hooks'
import { ICONS, type IconName } from '../src/lib/icons'
import type { Failure } from './api'
import { page, t } from './page'
import { askStepUp } from './stepUp'

/** Problems that a person mends by typing something else: they need no support. */
const ONES_OWN = new Set(['INVALID_CREDENTIALS', 'INVALID_INPUT', 'WEAK_PASSWORD'])

const Failures = createContext<Failure | null>(null)

interface FormProps {
  /** Resolves to what went wrong, or to null. */
  action: (values: Record<string, string>) => Promise<Failure | null>
  button: string
  kind?: 'primary' | 'danger' | 'secondary'
  children?: ComponentChildren
}

/**
 * A form with one button. Problems are shown at their fields and announced, and what was typed stays. Where a fresh proof is
 * asked for, it asks for that and goes on.
 */
export function Form({ action, button, kind = 'primary', children }: FormProps) {
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure | null>(null)
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (failure === null) return
    const target = form.current?.querySelector<HTMLElement>('[aria-invalid=true], .problem:not(:empty)')
    target?.focus()
  }, [failure])

  async function submit(event: Event) {
    event.preventDefault()
    if (busy || form.current === null) return
    const values = textsOf(form.current)
    setBusy(true)
    setFailure(null)
    let outcome = await action(values)
    if (outcome?.code === 'STEP_UP_REQUIRED' && (await askStepUp(outcome.methods ?? []))) outcome = await action(values)
    setBusy(false)
    setFailure(outcome)
  }

  const names = new Set([...(form.current?.elements ?? [])].map((field) => field.getAttribute('name')))
  const general = failure !== null && !failure.fields?.some(({ field }) => names.has(field))
  return (
    <form ref={form} noValidate aria-busy={busy} onSubmit={(event) => void submit(event)}>
      <Failures.Provider value={failure}>{children}</Failures.Provider>
      <div class="problem" role="alert" tabIndex={-1}>
        {general && <p>{failure.message}</p>}
        {general && failure.suggestions && <Advice of={failure.suggestions} />}
        {general && !ONES_OWN.has(failure.code) && <Support />}
      </div>
      <button class={`button ${kind}`}>{busy ? t.working : button}</button>
    </form>
  )
}

/** What a form's fields contain; there are none for files. */
function textsOf(form: HTMLFormElement): Record<string, string> {
  const entries = [...new FormData(form)]
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === 'string' ? value : '']))
}

/** For whoever cannot go on alone. */
export const Support = () =>
  page.supportUrl === null ? null : (
    <p class="support">
      <a href={page.supportUrl}>{t.support}</a>
    </p>
  )

const Advice = ({ of }: { of: string[] }) => (
  <ul>
    {of.map((text) => (
      <li key={text}>{text}</li>
    ))}
  </ul>
)

type FieldProps = { label: string; name: string; hint?: string } & Omit<JSX.IntrinsicElements['input'], 'label' | 'ref'>

/**
 * A labelled input with its own problem below. A password can be shown by the button inside its field. The hint is there from
 * the moment on when the field is used, or wrong.
 */
export function Field({ label, name, hint, type = 'text', ...rest }: FieldProps) {
  const id = useId()
  const failure = useContext(Failures)
  const [shown, setShown] = useState(false)
  const [used, setUsed] = useState(false)
  const problem = failure?.fields?.find(({ field }) => field === name)?.message
  const secret = type === 'password'
  return (
    <>
      <label for={id} id={`${id}-label`}>
        {label}
      </label>
      <div class="field">
        <input
          id={id}
          name={name}
          type={secret && shown ? 'text' : type}
          required
          autocapitalize="none"
          spellcheck={false}
          dir={type === 'email' || rest.inputMode === 'numeric' ? 'ltr' : 'auto'}
          aria-invalid={problem !== undefined}
          aria-describedby={`${id}-hint ${id}-problem`}
          onFocus={() => setUsed(true)}
          {...rest}
        />
        {secret && (
          <button
            type="button"
            class="reveal"
            aria-controls={id}
            aria-describedby={`${id}-label`}
            onClick={() => setShown(!shown)}
          >
            {shown ? t.hide : t.show}
          </button>
        )}
      </div>
      {hint && (
        <p class="hint" id={`${id}-hint`} hidden={!used && problem === undefined}>
          {hint}
        </p>
      )}
      <p class="at-field" id={`${id}-problem`} role="alert">
        {problem}
      </p>
    </>
  )
}

/** Tells password managers which account a password is of. */
export const Username = ({ email }: { email: string }) => (
  <input type="email" autocomplete="username" value={email} hidden readOnly />
)

/** What just happened, announced to screen readers. */
export const Notice = ({ text }: { text?: string | undefined }) => (
  <p class="notice" role="status">
    {text}
  </p>
)

interface ViewProps {
  title: string
  icon: IconName
  back?: () => void
  children: ComponentChildren
}

/** A view with its heading and an icon that says what it is for. The heading takes the focus when the view changes, so that a screen reader reads it. */
export function View({ title, icon, back, children }: ViewProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · ${page.appName}`
    heading.current?.focus()
  }, [title])
  return (
    <section>
      {back && (
        <button type="button" class="link" onClick={back}>
          {t.back}
        </button>
      )}
      <div class="heading">
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
          <path d={ICONS[icon]} />
        </svg>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
      </div>
      {children}
    </section>
  )
}
