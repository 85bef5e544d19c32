// Pages that plugins bring while the server runs, and pages made of their documents.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { ask, browser, eventually, faults, framing, furnish, install, logIn, loggedIn, open, password, person, shoot, tokenOf, url } from './support.mjs'
import { hello, upgrade } from './variants.mjs'

const SEEN_MS_MAX = 1_000
const NOTICES = ['Backup on Friday', 'Canteen closed', 'New printers']

let root
/** The last digit of the version that serves. */
let last = 0

const link = (page, name) => page.getByRole('navigation').getByRole('link', { name, exact: true })
const heading = (page, name) => page.getByRole('heading', { level: 1, name })
const toggle = (plugin, action) => ask(root, 'POST', `/api/v1/plugins/${plugin}/${action}`)
/** A module whose element does `body` when it is shown. */
const module = (body) => `export default { 'hello-page': class extends HTMLElement { connectedCallback() { ${body} } } }`

/** Has the packed version serve again. */
async function begin() {
  await ask(root, 'DELETE', '/api/v1/plugins/hello?purge=true')
  await install(root, 'hello')
  last = 0
}

/** Puts a module in the place of the one that serves. */
async function serve(text) {
  if (last === 9) await begin()
  last += 1
  await upgrade(root, hello(`0.1.${last}`, text))
}

/** Another front end with a page of ours in a frame; gives its address. */
async function portal(port) {
  const frame = `<iframe title="Hello" width="800" height="500" src="${url}/page/hello/hello-page"></iframe>`
  const server = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end(`<title>Portal</title><h1>Portal</h1>${frame}`))
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  after(() => server.close())
  return `http://127.0.0.1:${server.address().port}/`
}

/** What the policy of a page has refused. */
async function violations(context) {
  const seen = []
  await context.exposeFunction('refusedByPolicy', (text) => seen.push(text))
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => globalThis.refusedByPolicy(`${event.violatedDirective} ${event.blockedURI}`))
  })
  return seen
}

/** Answers for a plugin that is not there: a list with a field of each kind. Gives what is sent. */
async function shop(page) {
  const text = (description, more = {}) => ({ type: 'string', description, ...more })
  const fields = {
    label: text('Name | 名称\n\nAt least three letters | 至少三个字母', { minLength: 3, maxLength: 20 }),
    state: text('State | 状态\n\nnew not paid yet, paid paid | new 未付款, paid 已付款', { enum: ['new', 'paid'] }),
    urgent: { type: 'boolean', description: 'Urgent | 加急\n\nDeliver first | 优先配送' },
    due: text('Due | 到期日\n\nA day', { format: 'date' }),
    called: text('Called | 来电\n\nA time', { format: 'date-time' }),
    packed: text('Packed | 打包\n\n`YYYY-MM-DD HH:MM:SS`'),
    extra: { type: 'object', description: 'More | 附加\n\nWhatever else' },
  }
  const schema = (properties, required = []) => ({ content: { 'application/json': { schema: { type: 'object', properties, required } } } })
  const list = { type: 'array', items: { type: 'object', properties: { id: { type: 'integer' }, ...fields, extra: undefined } } }
  const answers = (data) => ({ 200: schema({ data }) })
  const filters = [{ name: 'urgent', in: 'query', schema: { type: 'boolean' }, description: fields.urgent.description }]
  const origin = text('Origin | 来源\n\nOnly once | 仅新增时')
  const paths = {
    '/api/v1/orders': {
      get: { tags: ['shop'], parameters: filters, responses: answers(list) },
      post: { tags: ['shop'], requestBody: schema({ ...fields, origin }, ['label', 'state']), responses: answers({}) },
    },
    '/api/v1/orders/{pk}': {
      get: { tags: ['shop'], responses: answers({}) },
      put: { tags: ['shop'], requestBody: schema(fields, ['label', 'state']), responses: answers({}) },
    },
    '/api/v1/others': { get: { tags: ['shop'], responses: answers(list) } },
  }
  const chairs = { id: 7, label: 'Chairs', state: 'paid', urgent: true, due: '2026-01-02', called: '2026-01-02T03:04:05Z', packed: '2026-01-02 03:04:05' }
  const sent = []
  const json = (route, data) => route.fulfill({ json: { code: 200, msg: 'ok', data } })
  await page.route('**/openapi.json', (route) => route.fulfill({ json: { paths, components: { schemas: {} } } }))
  await page.route('**/api/v1/orders**', (route) => {
    const request = route.request()
    sent.push(`${request.method()} ${request.postData() ?? request.url()}`)
    return json(route, request.method() === 'GET' ? [chairs] : null)
  })
  await page.route('**/api/v1/orders/7', (route) => {
    const request = route.request()
    sent.push(`${request.method()} ${request.postData() ?? ''}`)
    return json(route, { ...chairs, extra: { wood: true } })
  })
  return sent
}

before(async () => {
  root = await tokenOf('admin')
  await furnish(root, 'notice')
  await begin()
  for (const [type, title] of NOTICES.entries()) {
    assert.equal((await ask(root, 'POST', '/api/v1/sys/notices', { title, type: type % 2, status: 1, content: 'See the board.' })).code, 200)
  }
})
after(async () => {
  const { data } = await ask(root, 'GET', '/api/v1/sys/notices?size=200')
  const pks = data.items.filter(({ title }) => NOTICES.includes(title)).map(({ id }) => id)
  await ask(root, 'DELETE', '/api/v1/sys/notices', { pks })
  await begin()
  await browser.close()
})

describe('a page of a plugin’s own code', () => {
  for (const [kind, { title, greet, ...options }] of Object.entries({
    'light-english': { title: 'Say hello', greet: 'Greet me' },
    'dark-chinese': { title: '打个招呼', greet: '问候我', dark: true, language: 'zh-CN' },
    phone: { title: 'Say hello', greet: 'Greet me', phone: true },
  })) {
    it(`is at home in the console: ${kind}`, async () => {
      const { context, page, said } = await loggedIn(options)
      const refused = await violations(context)
      await open(page, '/hello')
      await heading(page, title).waitFor()
      await page.getByRole('textbox').fill('Ada <b>')
      await page.getByRole('button', { name: greet }).click()
      await page.getByText('Hello, Ada <b>!').waitFor()
      await page.waitForFunction(() => document.querySelector('[data-element]')?.firstElementChild?.shadowRoot?.querySelector('img')?.naturalWidth > 0)
      await shoot(page, `hello-${kind}`)
      assert.deepEqual(await faults(page), [])
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0)
      assert.deepEqual([...said, ...refused], [])
      await context.close()
    })
  }

  it('follows language and appearance, and keeps what was typed', async () => {
    const { context, page } = await loggedIn()
    await open(page, '/hello')
    const input = page.getByRole('textbox', { name: 'Your name' })
    await input.fill('Unsaved')
    const colour = () => page.locator('[data-element] .card').evaluate((card) => getComputedStyle(card).backgroundColor)
    const light = await colour()
    await page.getByRole('button', { name: 'Appearance' }).click()
    await page.getByRole('menuitem', { name: 'Dark' }).click()
    await eventually(async () => (await colour()) !== light, 'another colour')
    await page.getByRole('button', { name: 'Language' }).click()
    await page.getByRole('menuitem', { name: '中文' }).click()
    await heading(page, '打个招呼').waitFor()
    assert.equal(await page.getByRole('textbox', { name: '您的名字' }).inputValue(), 'Unsaved')
    await context.close()
  })

  it('goes with its plugin in another browser within a second, and comes back', async () => {
    const { context, page, said } = await loggedIn()
    await open(page, '/hello')
    await heading(page, 'Say hello').waitFor()
    await toggle('hello', 'disable')
    let started = Date.now()
    await heading(page, 'This page’s plugin was switched off.').waitFor()
    await link(page, 'Hello').waitFor({ state: 'detached' })
    assert.equal(await page.locator('[data-element] > *').count(), 0)
    const gone = Date.now() - started
    await shoot(page, 'hello-gone')
    assert.deepEqual(await faults(page), [])
    await toggle('hello', 'enable')
    started = Date.now()
    await heading(page, 'Say hello').waitFor()
    const back = Date.now() - started
    assert.ok(gone < SEEN_MS_MAX && back < SEEN_MS_MAX, `gone after ${gone} ms, back after ${back} ms`)
    assert.deepEqual(said, [])
    await context.close()
  })

  it('keeps what was typed while other plugins change, and is replaced by its own upgrade without a reload', async () => {
    const { context, page, said } = await loggedIn()
    await open(page, '/hello')
    await page.evaluate(() => (globalThis.sameDocument = true))
    const input = page.getByRole('textbox', { name: 'Your name' })
    await input.fill('Unsaved')
    await toggle('notice', 'disable')
    await link(page, 'Notices').waitFor({ state: 'detached' })
    await toggle('notice', 'enable')
    await link(page, 'Notices').waitFor()
    assert.equal(await input.inputValue(), 'Unsaved')
    // The same files in another version are the same page.
    await serve()
    await eventually(async () => (await ask(root, 'GET', '/api/v1/plugins/hello')).data.version === `0.1.${last}`, 'the version')
    await page.waitForTimeout(SEEN_MS_MAX)
    assert.equal(await input.inputValue(), 'Unsaved')
    for (const title of ['A second page', 'A third page']) {
      await serve(module(`this.innerHTML = '<h1>${title}</h1>'`))
      await heading(page, title).waitFor({ timeout: SEEN_MS_MAX })
    }
    await ask(root, 'POST', '/api/v1/plugins/hello/rollback')
    await heading(page, 'A second page').waitFor({ timeout: SEEN_MS_MAX })
    assert.equal(await page.evaluate(() => globalThis.sameDocument), true)
    assert.deepEqual(said, [])
    await context.close()
  })

  it('that does not work says why, and works again after an upgrade', async () => {
    const { context, page } = await loggedIn()
    await open(page, '/hello')
    const cases = [
      ['export default {', /SyntaxError: Unexpected end of input/],
      ["import './missing.js'\n" + module(''), /Failed to fetch dynamically imported module/],
      ['export default {}', /ui\/hello\.js does not work: .*there is no element hello-page/],
      ["export default { 'hello-page': () => 1 }", /ui\/hello\.js does not work: .*there is no element hello-page/],
      ["throw new Error('no good day')", /Error: no good day/],
      [module("throw new Error('not shown')"), /Error: not shown/],
      ["export default { 'hello-page': class extends HTMLElement { constructor() { super(); throw new Error('not made') } } }", /Error: not made/],
      [module("setTimeout(() => { throw new Error('later') })"), /Error: later/],
      [module("Promise.reject(new Error('promised'))"), /Error: promised/],
      [module("this.backplane.fetch('https://example.com/')"), /A page asks its own server only, not https:\/\/example\.com\//],
      [module("eval('1')"), /EvalError/],
    ]
    for (const [text, words] of cases) {
      await serve(text)
      const alert = page.getByRole('alert').filter({ hasText: words })
      await alert.waitFor({ timeout: 5_000 }).catch(async () => assert.fail(`${text}: ${await page.locator('#content').innerText()}`))
      await alert.getByRole('button', { name: 'Copy' }).waitFor()
      await alert.getByRole('button', { name: 'Try again' }).waitFor()
    }
    await shoot(page, 'hello-broken')
    assert.deepEqual(await faults(page), [])
    await serve(module("this.innerHTML = '<h1>Repaired</h1>'"))
    await heading(page, 'Repaired').waitFor()
    assert.equal(await page.getByRole('alert').count(), 0)
    await context.close()
  })

  it('runs nothing inline and nothing from elsewhere', async () => {
    const { context, page } = await loggedIn()
    const refused = await violations(context)
    await begin()
    await open(page, '/hello')
    await serve(module(`
      this.innerHTML = '<h1 style="color: red" onclick="globalThis.inline = true">Styled</h1>'
      const script = document.createElement('script')
      script.textContent = 'globalThis.inline = true'
      this.append(script)
      const foreign = document.createElement('script')
      foreign.src = 'http://127.0.0.1:9/x.js'
      this.append(foreign)
      this.firstChild.click()`))
    await heading(page, 'Styled').waitFor()
    await eventually(() => ['style-src-attr', 'script-src-attr', 'script-src-elem inline', '127.0.0.1:9'].every((part) => refused.some((text) => text.includes(part))), `refusals, not ${refused}`)
    assert.equal(await page.evaluate(() => globalThis.inline), undefined)
    await context.close()
  })
})

describe('a page alone', () => {
  before(begin)

  it('asks who is not logged in to log in, and shows only the page', async () => {
    const { context, page, said } = await person()
    await page.goto(`${url}/page/hello/hello-page`)
    await logIn(page, 'admin', password)
    await heading(page, 'Say hello').waitFor()
    assert.equal(new URL(page.url()).pathname, '/page/hello/hello-page')
    assert.equal(await page.getByRole('navigation').count() + await page.getByRole('banner').count(), 0)
    await page.getByRole('button', { name: 'Greet me' }).click()
    await page.getByText('Hello, ').waitFor()
    await shoot(page, 'alone-hello')
    assert.deepEqual(await faults(page), [])
    for (const path of ['/page/notice', '/page/notice/sys/notices']) {
      await open(page, path)
      await heading(page, 'Notices').waitFor()
      await page.getByRole('cell', { name: NOTICES[0], exact: true }).waitFor()
      assert.equal(await page.getByRole('navigation').count(), 0)
    }
    await shoot(page, 'alone-notice')
    assert.deepEqual(await faults(page), [])
    assert.deepEqual(said, [])
    for (const [path, words] of [['/page/hello/hello-other', 'There is no such page'], ['/page/hello/sys/users', 'There is no list at /sys/users'], ['/page/nobody', 'describes no page']]) {
      await page.goto(url + path)
      await page.getByText(words).waitFor()
    }
    await context.close()
  })

  it('is shown in a frame to those whom the operator names, with the browser’s session, and to nobody else', async () => {
    const { context, page } = await person()
    const [named, other] = [await portal(new URL(framing).port), await portal(0)]
    // Somebody who logs in at the API from the portal has the cookie, and nothing else.
    await context.request.post(`${url}/api/v1/auth/login`, { data: { username: 'admin', password } })
    await page.goto(named)
    const frame = page.frameLocator('iframe')
    await frame.getByRole('heading', { name: 'Say hello' }).waitFor()
    await frame.getByRole('button', { name: 'Greet me' }).click()
    await frame.getByText('Hello, ').waitFor()
    await shoot(page, 'framed-hello')
    await toggle('hello', 'disable')
    await frame.getByRole('heading', { name: 'This page’s plugin was switched off.' }).waitFor()
    await toggle('hello', 'enable')
    await frame.getByRole('heading', { name: 'Say hello' }).waitFor()

    const said = []
    page.on('console', (message) => said.push(message.text()))
    await page.goto(other)
    await eventually(() => said.some((text) => text.includes('frame-ancestors')), `a refusal, not ${said}`)
    assert.equal(await page.frameLocator('iframe').getByRole('heading', { name: 'Say hello' }).count(), 0)
    await context.close()
  })
})

describe('a page made of a plugin’s document', () => {
  const rows = (page) => page.locator('tbody tr')
  const cell = (page, name) => page.getByRole('cell', { name, exact: true })

  it('filters by what is typed and chosen', async () => {
    const { context, page } = await loggedIn()
    await open(page, '/plugins/notice')
    const filters = page.getByRole('search')
    await filters.getByRole('textbox', { name: 'Title' }).fill('canteen')
    await filters.getByRole('button', { name: 'Search' }).click()
    await cell(page, 'New printers').waitFor({ state: 'detached' })
    assert.equal(await rows(page).count(), 1)
    await filters.getByRole('button', { name: 'Reset' }).click()
    await cell(page, 'New printers').waitFor()
    await filters.locator('.el-select', { has: page.getByRole('combobox', { name: 'Type' }) }).click()
    await page.getByRole('option', { name: 'announcement' }).click()
    await filters.getByRole('button', { name: 'Search' }).click()
    await cell(page, 'New printers').waitFor({ state: 'detached' })
    await cell(page, 'Canteen closed').waitFor()
    await shoot(page, 'notice-filtered')
    assert.deepEqual(await faults(page), [])
    await context.close()
  })

  it('says what is wrong before anything is sent, changes a row, and asks before it deletes one', async () => {
    const { context, page, said } = await loggedIn()
    await open(page, '/plugins/notice')
    await page.getByRole('button', { name: 'Add' }).click()
    const drawer = page.getByRole('dialog')
    let sent = 0
    page.on('request', (request) => (sent += Number(request.method() === 'POST' && request.url().endsWith('/sys/notices'))))
    await drawer.getByRole('button', { name: 'Save' }).click()
    await drawer.getByText('This is needed').first().waitFor()
    await shoot(page, 'notice-invalid')
    assert.deepEqual(await faults(page), [])
    assert.equal(sent, 0)
    await drawer.getByRole('textbox', { name: 'Title' }).fill('x'.repeat(70))
    assert.equal((await drawer.getByRole('textbox', { name: 'Title' }).inputValue()).length, 64)
    await drawer.getByRole('button', { name: 'Cancel' }).click()

    await page.getByRole('button', { name: `Edit: ${NOTICES[2]}` }).click()
    assert.equal(await drawer.getByRole('textbox', { name: 'Content' }).inputValue(), 'See the board.')
    await drawer.getByRole('textbox', { name: 'Title' }).fill('To be deleted')
    await drawer.getByRole('button', { name: 'Save' }).click()
    await cell(page, 'To be deleted').waitFor()
    await page.getByRole('button', { name: 'Delete: To be deleted' }).click()
    const question = page.getByRole('dialog', { name: /To be deleted/ })
    await question.getByRole('button', { name: 'Cancel' }).click()
    await question.waitFor({ state: 'hidden' })
    assert.equal(await cell(page, 'To be deleted').count(), 1)
    await page.getByRole('button', { name: 'Delete: To be deleted' }).click()
    await question.getByRole('button', { name: 'Delete' }).click()
    await cell(page, 'To be deleted').waitFor({ state: 'detached' })
    assert.deepEqual(said, [])
    await context.close()
  })

  it('speaks Chinese where the document does', async () => {
    const { context, page } = await loggedIn({ language: 'zh-CN' })
    await open(page, '/plugins/notice')
    const row = rows(page).filter({ hasText: 'Canteen closed' })
    assert.match(await row.innerText(), /公告[\s\S]*显示/)
    await page.getByRole('button', { name: '新增' }).click()
    const drawer = page.getByRole('dialog')
    await drawer.getByText('最多 64 个字符').waitFor()
    await drawer.getByRole('textbox', { name: '内容' }).waitFor()
    await shoot(page, 'notice-chinese')
    assert.deepEqual(await faults(page), [])
    await context.close()
  })

  it('has an input for each kind of value, and shows what one menu entry names', async () => {
    const menu = { title: 'Orders', name: 'OrdersHere', path: '/orders-here', type: 1, component: 'resource:/orders', status: 1, display: 1, cache: 1 }
    assert.equal((await ask(root, 'POST', '/api/v1/sys/menus', menu)).code, 200)
    const { context, page, said } = await loggedIn({ language: 'zh-CN' })
    const sent = await shop(page)
    await open(page, '/orders-here')
    const row = rows(page).first()
    assert.match(await row.innerText(), /Chairs[\s\S]*已付款[\s\S]*是/)
    assert.equal(await page.getByRole('heading', { name: 'Orders' }).count(), 1)
    const filters = page.getByRole('search')
    await filters.locator('.el-select', { has: page.getByRole('combobox', { name: '加急' }) }).click()
    await page.getByRole('option', { name: '否' }).click()
    await filters.getByRole('button').first().click()
    await eventually(() => sent.some((one) => one.includes('urgent=false')), `a filter, in ${sent}`)
    assert.ok(!sent[0].includes('urgent'))

    await page.getByRole('button', { name: '新增' }).click()
    const drawer = page.getByRole('dialog')
    const box = (name) => drawer.getByRole('textbox', { name })
    await box('名称').fill('ab')
    await box('附加').fill('{')
    await drawer.getByRole('button', { name: '保存' }).click()
    await drawer.getByText('至少需要 3 个字符').waitFor()
    await drawer.getByText('不是有效的 JSON').waitFor()
    await shoot(page, 'resource-kinds')
    assert.deepEqual(await faults(page), [])
    await box('名称').fill('Desk')
    await box('附加').fill('{"colour": "red"}')
    await drawer.locator('input[type=date]').fill('2026-12-24')
    for (const input of await drawer.locator('input[type=datetime-local]').all()) await input.fill('2026-12-24T18:30:05')
    await drawer.getByRole('switch').locator('..').click()
    await drawer.getByRole('button', { name: '保存' }).click()
    await drawer.waitFor({ state: 'hidden' })
    const at = new Date('2026-12-24T18:30:05')
    const shanghai = new Date(at.getTime() + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
    const made = JSON.parse(sent.find((one) => one.startsWith('POST')).slice(5))
    assert.deepEqual(made, { label: 'Desk', state: 'new', urgent: true, due: '2026-12-24', called: at.toISOString(), packed: shanghai, extra: { colour: 'red' }, origin: '' })

    await page.getByRole('button', { name: '修改: Chairs' }).click()
    assert.equal(await box('来源').count(), 0)
    assert.equal(await box('附加').inputValue(), '{\n  "wood": true\n}')
    await drawer.getByRole('button', { name: '保存' }).click()
    await drawer.waitFor({ state: 'hidden' })
    const changed = JSON.parse(sent.find((one) => one.startsWith('PUT')).slice(4))
    assert.deepEqual([changed.extra, changed.due, 'origin' in changed], [{ wood: true }, '2026-01-02', false])
    assert.deepEqual(said, [])
    await context.close()
    const entry = (await ask(root, 'GET', '/api/v1/sys/menus?title=Orders')).data[0]
    await ask(root, 'DELETE', `/api/v1/sys/menus/${entry.id}`)
  })

  it('has the buttons that somebody may press', async () => {
    const flat = (nodes) => nodes.flatMap((node) => [node, ...flat(node.children ?? [])])
    const menus = flat((await ask(root, 'GET', '/api/v1/sys/menus')).data)
    const granted = menus.filter(({ name }) => ['PluginNotice', 'EditNotice', 'Hello'].includes(name)).map(({ id }) => id)
    assert.equal((await ask(root, 'POST', '/api/v1/sys/roles', { name: 'Editors', status: 1, is_filter_scopes: false })).code, 200)
    const role = (await ask(root, 'GET', '/api/v1/sys/roles/all')).data.find(({ name }) => name === 'Editors').id
    await ask(root, 'PUT', `/api/v1/sys/roles/${role}/menus`, { menus: granted })
    const dept = (await ask(root, 'GET', '/api/v1/sys/depts')).data[0].id
    const made = await ask(root, 'POST', '/api/v1/sys/users', { username: 'editor', password, nickname: 'Editor', dept_id: dept, roles: [role] })
    assert.equal(made.code, 200, made.msg)

    const { context, page, said } = await loggedIn({ username: 'editor' })
    await open(page, '/plugins/notice')
    await cell(page, 'Canteen closed').waitFor()
    await page.getByRole('button', { name: 'Edit: Canteen closed' }).waitFor()
    for (const name of ['Add', /^Delete/]) assert.equal(await page.getByRole('button', { name }).count(), 0, String(name))
    await open(page, '/hello')
    assert.equal(await page.getByRole('textbox', { name: 'Your name' }).inputValue(), 'Editor')
    assert.deepEqual(said, [])
    await ask(root, 'PUT', `/api/v1/sys/roles/${role}/menus`, { menus: granted.slice(0, 0) })
    await page.goto(`${url}/hello`)
    await heading(page, 'There is no such page').waitFor()
    await context.close()
    await ask(root, 'DELETE', `/api/v1/sys/users/${made.data.id}`)
    await ask(root, 'DELETE', '/api/v1/sys/roles', { pks: [role] })
  })
})
