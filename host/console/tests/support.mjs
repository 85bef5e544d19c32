// A browser, people at it, and the server behind it.
import { readFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'

const need = (name) => {
  if (!process.env[name]) throw new Error(`${name} is not set: cargo xtask test sets it`)
  return process.env[name]
}

export const url = need('CONSOLE_URL')
export const password = need('CONSOLE_PASSWORD')
/** Whose pages may show ours in a frame: the server is configured so, and a test listens there. */
export const framing = need('CONSOLE_FRAMING')
const bundles = need('CONSOLE_BUNDLES')
const shots = need('CONSOLE_SHOTS')
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
mkdirSync(shots, { recursive: true })

export const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'] })

/** A packed bundle, by the folder of its crate. */
export const bundle = (name) => join(bundles, `${name}.zip`)

/** Asks the API as somebody. */
export async function ask(token, method, path, body) {
  const headers = { 'accept-language': 'en-US', ...(token && { authorization: `Bearer ${token}` }) }
  if (body !== undefined && !(body instanceof FormData)) headers['content-type'] = 'application/json'
  const content = body === undefined || body instanceof FormData ? body : JSON.stringify(body)
  const answer = await fetch(url + path, { method, headers, body: content })
  return { status: answer.status, ...(await answer.json().catch(() => ({}))) }
}

/** Logs somebody in without a browser. */
export async function tokenOf(username, secret = password) {
  const answer = await ask(undefined, 'POST', '/api/v1/auth/login', { username, password: secret })
  if (answer.code !== 200) throw new Error(`login of ${username}: ${answer.msg}`)
  return answer.data.access_token
}

/** Installs those bundles that are not installed yet, past the page. */
export async function furnish(token, ...names) {
  const { data } = await ask(token, 'GET', '/api/v1/plugins')
  for (const name of names) if (!data.some(({ id }) => id === name)) await install(token, name)
}

/** Installs a bundle past the page. */
export async function install(token, name) {
  const form = new FormData()
  form.append('file', new Blob([readFileSync(bundle(name))]), `${name}.zip`)
  const answer = await ask(token, 'POST', '/api/v1/plugins', form)
  if (answer.code !== 200) throw new Error(`install ${name}: ${answer.msg}`)
}

/** A browser of one person; what its console says is kept. */
export async function person({ language = 'en-US', dark = false, phone = false } = {}) {
  const viewport = phone ? { width: 390, height: 844 } : { width: 1360, height: 860 }
  const context = await browser.newContext({ locale: language, viewport, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' })
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  const said = []
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && said.push(message.text()))
  page.on('pageerror', (error) => said.push(String(error)))
  return { context, page, said }
}

/** Somebody who has logged in through the page. */
export async function loggedIn(options = {}) {
  const one = await person(options)
  await one.page.goto(url)
  await logIn(one.page, options.username ?? 'admin', options.secret ?? password)
  await one.page.waitForSelector('#content h1')
  return one
}

export async function logIn(page, username, secret) {
  await page.fill('#username', username)
  await page.fill('#password', secret)
  await page.click('button[type=submit]')
}

/** Goes to a page of the console, as a link would. */
export async function open(page, path) {
  await page.goto(url + path)
  await page.waitForSelector('#content h1, #content iframe')
  await page.waitForFunction(() => !document.querySelector('#content [role=status].soft'))
  await page.waitForTimeout(150)
}

export const shoot = (page, name) => page.screenshot({ path: join(shots, `${name}.png`) })

/** Serious faults that axe-core finds, in words. */
export async function faults(page) {
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
  const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact))
  return serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} (${failureSummary?.split('\n')[1]?.trim()})`).slice(0, 3).join(' | ')}`)
}

/** Waits until something holds. */
export async function eventually(holds, what, milliseconds = 10_000) {
  const end = Date.now() + milliseconds
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${milliseconds} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
}
