import { Query } from 'pg'

/** The texts of the statements that servers in this process send to PostgreSQL during `work`, in order. */
export async function statementsDuring(work: () => Promise<unknown>): Promise<string[]> {
  const submit = jest.spyOn(Query.prototype, 'submit') // calls through: it only watches
  try {
    await work()
    return (submit.mock.contexts as unknown as { text?: string }[]).map(({ text }) => text ?? 'none')
  } finally {
    submit.mockRestore()
  }
}
