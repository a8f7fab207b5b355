import { createParameterDecorator } from 'type-graphql'
import type { Context } from './context'

/** The signed-in client, as a parameter of a resolver. Throws an UnauthenticatedError if nobody is signed in. */
export function CurrentViewer() {
  return createParameterDecorator<Context>(({ context }) => context.requireViewer())
}
