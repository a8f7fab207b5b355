import { ApolloLink } from '@apollo/client/link'
import { type Observable, catchError, concatMap, from, of, switchMap, throwError } from 'rxjs'
import { type TokenSource, UNAUTHENTICATED, tokenFor } from './token.js'

export { possibleTypes } from './possibleTypes.generated.js'

/**
 * A link that sends the user's access token, put before the link that sends the request. What is answered as UNAUTHENTICATED
 * (or by HTTP 401) is sent once more with a renewed token; where the session cannot be renewed now, that error is thrown.
 */
export function gatehouseLink(auth: TokenSource): ApolloLink {
  return new ApolloLink((operation, forward) => {
    const sendWith = (token: string | null): Observable<ApolloLink.Result> => {
      if (token !== null)
        operation.setContext(({ headers }) => ({
          headers: { ...(headers as Record<string, string> | undefined), authorization: `Bearer ${token}` },
        }))
      return forward(operation)
    }
    return from(tokenFor(auth)).pipe(
      switchMap(({ token, renewed }) => {
        const again = (otherwise: Observable<ApolloLink.Result>) =>
          from(renewed()).pipe(switchMap((next) => (next === null ? otherwise : sendWith(next))))
        return sendWith(token).pipe(
          concatMap((result) => (isRefused(result) ? again(of(result)) : of(result))),
          catchError((error: unknown) => (isRefusal(error) ? again(throwError(() => error)) : throwError(() => error))),
        )
      }),
    )
  })
}

/** Not where data came too: then a part was done, and sending it again would do it twice. */
function isRefused(result: ApolloLink.Result): boolean {
  if (hasData('data' in result ? result.data : null)) return false
  const errors = 'errors' in result ? result.errors : undefined
  return errors?.some(({ extensions }) => extensions?.code === UNAUTHENTICATED) ?? false
}

const hasData = (data: unknown) => Object.values(data ?? {}).some((value) => value !== null)

const isRefusal = (error: unknown) => (error as { statusCode?: number } | null)?.statusCode === 401
