import type { Failure } from './api'
import { Form, Support, View } from './form'
import { t } from './page'

interface WaitingProps {
  /** Why there is nothing to show yet; null while the server is asked. */
  failure: Failure | null
  again: () => Promise<unknown>
}

/** Stands in for what the server has not answered yet. */
export function Waiting({ failure, again }: WaitingProps) {
  return (
    <View title={t.title} icon="person">
      {failure === null ? (
        <p role="status">{t.working}</p>
      ) : (
        <Form button={t.tryAgain} action={async () => (await again(), null)}>
          <p>{failure.message}</p>
          <Support />
        </Form>
      )}
    </View>
  )
}
