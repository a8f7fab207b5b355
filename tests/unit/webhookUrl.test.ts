import { webhookUrlMistake } from '../../src/lib/webhookUrl'

test.each([
  ...['http://127.0.0.1/', 'http://2130706433/', 'http://0x7f.1/', 'https://[::1]/', 'https://[::ffff:10.0.0.1]/'],
  ...['https://10.1.2.3/', 'https://100.64.0.1/', 'https://169.254.169.254/latest/meta-data', 'https://0.0.0.0/'],
  ...[
    'https://[fd00::1]/',
    'https://[fe80::1]/',
    'https://[64:ff9b::a00:1]/',
    'https://[2002:a00:1::]/',
    'https://224.0.0.1/',
  ],
  ...['https://localhost/', 'https://LOCALHOST./', 'https://app.localhost/'],
])('%s is a private address', (url) => {
  expect(webhookUrlMistake(url, [])).toBe('PRIVATE_ADDRESS')
})

test.each([
  ['https://app.example.com/hook?key=1', null],
  ['https://93.184.216.34/', null],
  ['http://app.example.com/', 'NOT_HTTPS'],
  ['https://user:password@app.example.com/', 'HAS_CREDENTIALS'],
  ['ftp://app.example.com/', 'NOT_A_URL'],
  ['https://app.example.com/ hook', 'NOT_A_URL'],
  ['app.example.com', 'NOT_A_URL'],
  [`https://app.example.com/${'a'.repeat(2_000)}`, 'TOO_LONG'],
])('%s: %s', (url, mistake) => {
  expect(webhookUrlMistake(url, [])).toBe(mistake)
})

test('a listed host may be private and speak plain http, whatever the port; no other may', () => {
  expect(webhookUrlMistake('http://app:3000/hook', ['app', '10.0.0.7'])).toBeNull()
  expect(webhookUrlMistake('http://10.0.0.7/hook', ['app', '10.0.0.7'])).toBeNull()
  expect(webhookUrlMistake('http://10.0.0.8/hook', ['app', '10.0.0.7'])).toBe('PRIVATE_ADDRESS')
})
