// Writes every mail in every language, as its sample renders, to emails/preview/: HTML, and pictures where Chromium is there.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromiumPath } from './chromium.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const target = join(root, 'emails/preview')
const CHROMIUM = process.env.CHROMIUM_PATH ?? chromiumPath
const LOOKS = [
  { look: '360', width: 360, colorScheme: 'light' },
  { look: '800', width: 800, colorScheme: 'light' },
  { look: '800-dark', width: 800, colorScheme: 'dark' },
]

execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), '--if-stale'], { cwd: root, stdio: 'inherit' })
const { previewsOf } = createRequire(import.meta.url)('../dist/commands/mailPreview.js')
const mails = await previewsOf()
await rm(target, { recursive: true, force: true })
await mkdir(target, { recursive: true })
for (const { file, html, text } of mails) {
  await writeFile(join(target, `${file}.html`), html)
  await writeFile(join(target, `${file}.txt`), text)
}
const pictured = existsSync(CHROMIUM)
if (pictured) await takePictures(mails)
await writeFile(join(target, 'index.html'), indexPage(mails, pictured))
console.log(`${mails.length} mails written to ${join(target, 'index.html')}`)
if (!pictured) console.log(`No pictures: there is no Chromium at ${CHROMIUM} (CHROMIUM_PATH names another place).`)

async function takePictures(mails) {
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      ...['--no-sandbox', '--headless', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  })
  for (const { look, width, colorScheme } of LOOKS) {
    const page = await browser.newPage({ viewport: { width, height: 400 }, colorScheme })
    for (const { file, html } of mails) {
      await page.setContent(html)
      await page.screenshot({ path: join(target, `${file}-${look}.png`), fullPage: true })
    }
    await page.close()
  }
  await browser.close()
}

function indexPage(mails, pictured) {
  const escape = (value) => value.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
  const pictures = (file) =>
    LOOKS.map(({ look }) => `<img src="${file}-${look}.png" alt="${look}" loading="lazy">`).join('')
  const rows = mails.map(
    ({ file, subject }) => `<section><h2><bdi>${escape(subject)}</bdi></h2>
<p><a href="${file}.html">${file}.html</a> · <a href="${file}.txt">text</a></p>${pictured ? pictures(file) : ''}</section>`,
  )
  return `<!doctype html><meta charset="utf-8"><title>Mails</title>
<style>body{font:15px system-ui;margin:2rem}img{max-width:30%;vertical-align:top;border:1px solid #ccc;margin:4px}</style>
<h1>Mails</h1>
${rows.join('\n')}
`
}
