import { type SubmitEvent, useState } from 'react'

interface FormProps {
  /** The label of each field, by its name. */
  fields: Record<string, string>
  button: string
  /** Resolves to what went wrong, or to null. */
  action: (values: Record<string, string>) => Promise<string | null>
}

export function Form({ fields, button, action }: FormProps) {
  const [problem, setProblem] = useState<string | null>(null)

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const values = Object.fromEntries(
      [...new FormData(event.currentTarget)].map(([name, value]) => [name, typeof value === 'string' ? value : '']),
    )
    action(values).then(setProblem, (error: unknown) => setProblem(messageOf(error)))
  }
  return (
    <form onSubmit={submit}>
      {Object.entries(fields).map(([name, label]) => (
        <label key={name}>
          {label} <input name={name} type={name === 'password' ? 'password' : 'text'} />
        </label>
      ))}
      <button>{button}</button>
      {problem !== null && <p role="alert">{problem}</p>}
    </form>
  )
}

/** A button that says why it could not do its work. */
export function Action({ name, run }: { name: string; run: () => Promise<unknown> }) {
  return (
    <Form
      button={name}
      fields={{}}
      action={async () => {
        await run()
        return null
      }}
    />
  )
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
