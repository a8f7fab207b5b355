// A first session: registers a user, confirms the address, logs in, calls with the token, refreshes and logs out.
//   node examples/first-session.mjs [http://localhost:4000]
// The server is one in development, whose mails can be read by the query `devInbox`.
const server = process.argv[2] ?? 'http://localhost:4000'
const email = `ada.${Date.now()}@example.com`
const password = 'violet tractor seven moons'

async function graphql(query, variables, accessToken) {
  const authorization = accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }
  const response = await fetch(`${server}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...authorization },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = await response.json()
  if (errors) throw new Error(errors[0].message)
  return data
}

/** Calls a mutation and returns its result. An expected failure is data too: it has a code and a message. */
async function call(mutation, input, fields, accessToken) {
  const type = mutation[0].toUpperCase() + mutation.slice(1)
  const query = `mutation ($input: ${type}Input!) {
    ${mutation}(input: $input) { __typename ... on ${type}Success { ${fields} } ... on UserError { code message } }
  }`
  const result = (await graphql(query, { input }, accessToken))[mutation]
  if (result.code) throw new Error(`${mutation}: ${result.code}: ${result.message}`)
  console.log(mutation, result.__typename)
  return result
}

await call('register', { email, password, displayName: 'Ada' }, 'email')

let token
while (token === undefined) {
  const { devInbox } = await graphql('query ($to: String!) { devInbox(to: $to) { token } }', { to: email })
  token = devInbox[0]?.token
}
await call('verifyEmail', { token }, 'email')

const tokens = 'tokens { accessToken refreshToken }'
const login = await call('login', { email, password }, tokens)
const { me } = await graphql('{ me { email emailVerified displayName } }', {}, login.tokens.accessToken)
console.log('me', JSON.stringify(me))

const { refreshToken } = login.tokens
const refreshed = await call('refreshSession', { refreshToken }, tokens)
await graphql('mutation { logout { sessionId } }', {}, refreshed.tokens.accessToken)
console.log('logout')
