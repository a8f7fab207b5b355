// Writes docs/images/account.png: the account page of a server in development, signed in.
//   npm start, then: node scripts/account-picture.mjs [http://localhost:4000]
import { chromium } from 'playwright-core'
import { chromiumPath } from './chromium.mjs'

const server = process.argv[2] ?? 'http://localhost:4000'
const email = 'ada@example.com'
const password = 'violet tractor seven moons'

async function graphql(query, variables = {}) {
  const response = await fetch(`${server}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  return (await response.json()).data
}

const input = { email, password, displayName: 'Ada Lovelace' }
await graphql('mutation ($input: RegisterInput!) { register(input: $input) { __typename } }', { input })
let token
while (!token) token = (await graphql(`{ devInbox(to: "${email}") { token } }`)).devInbox[0]?.token
await graphql('mutation ($token: String!) { verifyEmail(input: { token: $token }) { __typename } }', { token })

const executablePath = process.env.CHROMIUM ?? chromiumPath
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
try {
  const options = { viewport: { width: 760, height: 740 }, colorScheme: 'light', locale: 'en' }
  const page = await browser.newPage(options)
  await page.goto(`${server}/account`)
  await page.getByLabel('Email address').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.keyboard.press('Enter')
  await page.locator('details.panel').first().waitFor()
  await page.locator('body').click({ position: { x: 5, y: 5 } })
  await page.screenshot({ path: 'docs/images/account.png' })
} finally {
  await browser.close()
}
