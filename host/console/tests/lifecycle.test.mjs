// The life of plugins, as an administrator leads it on the page of plugins.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { readFileSync } from 'node:fs'
import { errands, variant } from './bundles.mjs'
import { ask, browser, bundle, eventually, faults, install, loggedIn, open, shoot, tokenOf, url } from './support.mjs'

const OWN = ['supper', 'basket', 'errands', 'shelf', 'capable', 'tunable', 'shaky', 'slow_start', 'failing_migration', 'steady']
const SECRET = 's3cret-of-a-service'

let root
const contexts = []

before(async () => (root = await tokenOf('admin')))
after(() => browser.close())
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close()
  for (const id of OWN) await ask(root, 'DELETE', `/api/v1/plugins/${id}?data=purge&cascade=true`)
})

async function onPage(options) {
  const one = await loggedIn(options)
  contexts.push(one.context)
  await open(one.page, '/system/plugin')
  return one
}

const card = (page, id) => page.locator(`[data-plugin=${id}]`)
const dialog = (page, name) => page.getByRole('dialog', { name })
const tab = (page, name) => page.getByRole('tab', { name, exact: true })
const plugin = async (id) => (await ask(root, 'GET', `/api/v1/plugins/${id}`)).data

/** Opens the dialog for bundles and puts one in; its plan, or why there is none, is shown then. */
async function offer(page, file) {
  await page.getByRole('button', { name: 'Install', exact: true }).click()
  await page.locator('.el-dialog input[type=file]').setInputFiles(file)
}

async function upload(file) {
  const form = new FormData()
  form.append('file', new Blob([file.buffer]), file.name)
  const answer = await ask(root, 'POST', '/api/v1/plugins', form)
  assert.equal(answer.code, 200, answer.msg)
}

async function details(page, id) {
  await card(page, id).getByRole('button').first().click()
  await page.locator('.el-drawer [role=tab]').first().waitFor()
}

async function apply(page, name = 'Apply') {
  await page.getByRole('dialog').getByRole('button', { name, exact: true }).last().click()
}

async function assertFine(page, name) {
  await page.waitForTimeout(250)
  await shoot(page, `lifecycle-${name}`)
  assert.deepEqual(await faults(page), [], name)
  const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  assert.ok(width <= 0, `${name} is ${width} px too wide`)
}

describe('an installation', () => {
  it('shows its plan, and its steps while they are done', async () => {
    const { page } = await onPage()
    await offer(page, bundle('slow_start'))
    const plan = dialog(page, 'Install')
    await plan.getByRole('heading', { name: 'Install: slow_start 1.0.0' }).waitFor()
    await plan.getByText(/^Files: /).click()
    await plan.getByText('plugin.toml').waitFor()
    await assertFine(page, 'plan')
    assert.equal((await ask(root, 'GET', '/api/v1/plugins/slow_start')).status, 404)
    await apply(page)
    await plan.locator('[data-step=start].running').waitFor()
    await plan.locator('[data-step=load].done').waitFor()
    await shoot(page, 'lifecycle-steps')
    await card(page, 'slow_start').waitFor()
    await plan.waitFor({ state: 'detached' })
  })

  it('brings a menu entry and a page that works, without a reload', async () => {
    await ask(root, 'DELETE', '/api/v1/plugins/hello')
    const { page } = await onPage()
    await page.evaluate(() => (globalThis.isSamePage = true))
    await offer(page, bundle('hello'))
    await page.getByRole('heading', { name: 'Install: hello 0.1.0' }).waitFor()
    await apply(page)
    await card(page, 'hello').waitFor()
    await page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link', { name: 'Hello', exact: true }).click()
    await page.getByRole('button', { name: 'Greet me' }).click()
    await page.getByText('Hello, admin!').waitFor()
    assert.ok(await page.evaluate(() => globalThis.isSamePage))
  })

  it('names jobs, events and services, before and after', async () => {
    const { page } = await onPage()
    await offer(page, errands())
    const plan = dialog(page, 'Install')
    await plan.getByRole('heading', { name: 'Install: errands 1.0.0' }).waitFor()
    const named = { Jobs: ['fails', 'yearly'], 'Events that it handles': ['core.user_deleted', 'errands.sent'], 'Services for other plugins': ['double', 'echo'] }
    for (const [title, names] of Object.entries(named)) {
      const group = plan.locator('section').filter({ has: page.getByRole('heading', { name: title, exact: true }) })
      for (const name of names) assert.equal(await group.locator('li.added code').getByText(name, { exact: true }).count(), 1, name)
    }
    await assertFine(page, 'plan-errands')
    await apply(page)
    await card(page, 'errands').waitFor()
    await plan.waitFor({ state: 'detached' })
    await details(page, 'errands')
    await tab(page, 'Contributions').click()
    const own = page.locator('.el-drawer').getByRole('tabpanel', { name: 'Contributions' })
    await own.getByText('Waiting to be handled: 0').waitFor()
    for (const name of ['core.user_deleted', 'errands.sent', 'double', 'echo']) await own.locator('code').getByText(name, { exact: true }).waitFor()
    await assertFine(page, 'contributions-errands')
  })

  it('can be dropped on the page, and cancelled', async () => {
    const { page } = await onPage()
    const bytes = readFileSync(bundle('shelf')).toString('base64')
    const transfer = await page.evaluateHandle((text) => {
      const transfer = new DataTransfer()
      const raw = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
      transfer.items.add(new File([raw], 'shelf.zip'))
      return transfer
    }, bytes)
    await page.dispatchEvent('#content .page', 'drop', { dataTransfer: transfer })
    await page.getByText('CREATE TABLE shelf_book').first().waitFor({ state: 'attached' })
    for (const word of ['GET /api/v1/shelf', 'shelf:book:add', 'AddBook', 'ShelfBook']) await page.getByText(word, { exact: true }).first().waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    assert.equal((await ask(root, 'GET', '/api/v1/plugins/shelf')).status, 404)
  })

  it('that fails says why, what was taken back, and what to do', async () => {
    const { page } = await onPage()
    await offer(page, bundle('failing_migration'))
    await page.getByRole('heading', { name: /failing_migration/ }).waitFor()
    await apply(page)
    const alert = page.getByRole('alert').filter({ hasText: 'Request id' })
    await alert.waitFor()
    await alert.getByRole('button', { name: 'Copy' }).waitFor()
    const told = dialog(page, 'Install')
    assert.match(await told.innerText(), /migration 2/)
    assert.match(await told.locator('[data-step=keep]').innerText(), /taken back/)
    assert.match(await told.locator('[data-step=migrate]').innerText(), /failed here/)
    await told.getByText('failing_migration is not installed, and nothing of it is left.').waitFor()
    await told.getByText(/Mend the cause/).waitFor()
    await assertFine(page, 'failed')
    assert.equal((await ask(root, 'GET', '/api/v1/plugins/failing_migration')).status, 404)
  })

  it('that is refused says why, and that nothing was begun', async () => {
    const { page } = await onPage()
    const lonely = variant('steady_one', { manifest: (text) => text.replace('[plugin]', '[plugin]\ndepends_on = ["nowhere"]') })
    await offer(page, lonely)
    const alert = page.getByRole('alert').filter({ hasText: 'nowhere' })
    await alert.waitFor()
    assert.match(await alert.innerText(), /Request id/)
    await page.getByText('Nothing was begun, and nothing has changed.').waitFor()
    await assertFine(page, 'refused')
  })
})

describe('a plugin that can’t start', () => {
  it('says so until that is solved', async () => {
    const form = new FormData()
    form.append('file', new Blob([readFileSync(bundle('tunable'))]), 'tunable.zip')
    assert.equal((await ask(root, 'POST', '/api/v1/plugins?enable=false', form)).code, 200)
    assert.equal((await ask(root, 'PUT', '/api/v1/plugins/tunable/settings', { ready: false })).code, 200)
    const { page } = await onPage()
    const own = card(page, 'tunable')
    await own.getByRole('switch').locator('..').click()
    const alert = page.getByRole('alert').filter({ hasText: 'Request id' })
    await alert.waitFor()
    await page.getByRole('button', { name: 'Close' }).last().click()
    await own.getByText('the setting ready is off').waitFor()
    await page.reload()
    await own.getByText('the setting ready is off').waitFor()
    await details(page, 'tunable')
    const why = page.locator('.el-drawer').getByRole('status').filter({ hasText: 'Why it failed' })
    await why.getByRole('button', { name: 'Try to enable it again' }).click()
    await page.locator('.el-drawer').getByRole('alert').filter({ hasText: 'Request id' }).waitFor()
    await why.waitFor()
    await assertFine(page, 'cannot-start')
    await tab(page, 'Settings').click()
    await page.locator('[data-setting=ready] .el-switch').click()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The settings are saved and in effect').waitFor()
    await why.getByRole('button', { name: 'Try to enable it again' }).click()
    await page.locator('.el-drawer').getByText('Enabled', { exact: true }).waitFor()
    await why.waitFor({ state: 'detached' })
  })
})

describe('an upgrade', () => {
  it('that has to stop the old version waits until that is accepted', async () => {
    await install(root, 'shelf')
    const { page } = await onPage()
    const up = 'CREATE TABLE shelf_loan (id INTEGER PRIMARY KEY AUTOINCREMENT, book_id BIGINT NOT NULL);'
    const down = 'DROP TABLE shelf_loan;'
    const replace = [[up, 'ALTER TABLE shelf_book DROP COLUMN title;'.padEnd(up.length)], [down, 'SELECT 1;'.padEnd(down.length)]]
    await offer(page, variant('shelf_later', { replace }))
    await page.getByText('The installed version has to stop first').waitFor()
    const button = page.getByRole('button', { name: 'Apply' })
    assert.ok(await button.isDisabled())
    await page.getByRole('checkbox', { name: /Stop it first/ }).locator('..').click()
    await assertFine(page, 'drain')
    await button.click()
    await card(page, 'shelf').getByText('1.1.0').waitFor()
  })

  it('that asks for more waits until that is allowed, and is rolled back by its plan', async () => {
    await install(root, 'capable')
    const { page } = await onPage()
    const more = variant('capable', { replace: [['1.0.0', '1.1.0']], manifest: (text) => `${text}\n[capabilities]\ndatabase = "read"\n` })
    await offer(page, more)
    await page.getByText('This version asks to be allowed more').waitFor()
    const button = page.getByRole('button', { name: 'Apply' })
    assert.ok(await button.isDisabled())
    await page.getByRole('checkbox', { name: 'Allow this' }).locator('..').click()
    await assertFine(page, 'capabilities')
    await button.click()
    await card(page, 'capable').getByText('1.1.0').waitFor()
    assert.ok((await plugin('capable')).capabilities.some(({ detail, granted }) => detail === 'read' && granted))

    await details(page, 'capable')
    await tab(page, 'Access').click()
    await page.locator('.el-drawer').getByText('database read').waitFor()
    await assertFine(page, 'access')
    await tab(page, 'Versions').click()
    await assertFine(page, 'versions')
    await page.getByRole('button', { name: 'Roll back to 1.0.0' }).last().click()
    const plan = dialog(page, /Roll .* back to 1\.0\.0/)
    await plan.getByRole('heading', { name: 'Roll back: capable 1.1.0 → 1.0.0' }).waitFor()
    await assertFine(page, 'rollback')
    await plan.getByRole('button', { name: 'Roll back to 1.0.0' }).click()
    await eventually(async () => (await plugin('capable')).version === '1.0.0', 'it is rolled back')
    await plan.waitFor({ state: 'detached' })
    await tab(page, 'Record').click()
    await page.locator('.el-drawer').getByText('Roll back', { exact: true }).first().waitFor()
    await assertFine(page, 'record')
  })

  it('that fails leaves the version before, and says so', async () => {
    await install(root, 'tunable')
    const { page } = await onPage()
    await offer(page, variant('tunable', { replace: [['1.0.0', '1.0.1']] }))
    await page.getByRole('heading', { name: 'Upgrade: tunable 1.0.0 → 1.0.1' }).waitFor()
    assert.equal((await ask(root, 'PUT', '/api/v1/plugins/tunable/settings', { ready: false })).code, 200)
    await apply(page)
    await page.getByText('tunable is as it was before: version 1.0.0, with the tables of that time.').waitFor()
    assert.match(await page.locator('[data-step=start]').innerText(), /failed here/)
    await ask(root, 'PUT', '/api/v1/plugins/tunable/settings', { ready: true })
    await page.getByRole('button', { name: 'Plan again' }).click()
    await apply(page)
    await card(page, 'tunable').getByText('1.0.1').waitFor()
  })

  it('is rolled back with its tables where that is chosen', async () => {
    await install(root, 'shelf')
    const { page } = await onPage()
    await offer(page, bundle('shelf_later'))
    await page.getByRole('heading', { name: 'Upgrade: shelf 1.0.0 → 1.1.0' }).waitFor()
    await page.getByText('CREATE TABLE shelf_loan').first().waitFor({ state: 'attached' })
    await apply(page)
    await card(page, 'shelf').getByText('1.1.0').waitFor()
    await details(page, 'shelf')
    await page.getByText('Version 1.1.0 is on probation').waitFor()
    await page.getByRole('button', { name: 'Roll back to 1.0.0' }).first().click()
    const plan = dialog(page, /Roll .* back to 1\.0\.0/)
    await plan.getByRole('checkbox', { name: 'Take the tables back as well' }).locator('..').click()
    await plan.getByText('loans').waitFor()
    await assertFine(page, 'revert')
    await plan.getByRole('button', { name: 'Roll back to 1.0.0' }).click()
    await eventually(async () => (await plugin('shelf')).version === '1.0.0', 'it is rolled back')
    await tab(page, 'Versions').click()
    await page.locator('[data-snapshot]').first().waitFor()
    await page.getByRole('button', { name: 'Copy now' }).click()
    await eventually(async () => (await page.locator('[data-snapshot]').count()) > 1, 'a copy is made')
    await assertFine(page, 'snapshots')
    await page.getByRole('button', { name: /^Restore #/ }).first().click()
    await page.getByRole('dialog', { name: /Bring the tables back/ }).getByRole('button', { name: 'Restore' }).click()
    await page.getByText(/The tables are those of copy/).waitFor()
    assert.equal((await plugin('shelf')).state, 'enabled')
    await tab(page, 'Record').click()
    await page.getByText('Restore a copy of the tables').first().waitFor()
  })
})

describe('settings', () => {
  it('are a form: what fits acts, what does not is named, and a secret is never shown', async () => {
    await install(root, 'tunable')
    const { page } = await onPage()
    await details(page, 'tunable')
    await tab(page, 'Settings').click()
    const field = (key) => page.locator(`[data-setting=${key}]`)
    const size = field('page_size').getByRole('spinbutton')
    const save = page.getByRole('button', { name: 'Save' })
    assert.equal(await size.inputValue(), '20')
    await size.fill('50')
    await field('token').locator('input').fill(SECRET)
    await field('greeting').locator('.el-select').click()
    await page.getByRole('option', { name: 'long' }).click()

    // Somebody else's change leaves alone what is typed.
    await ask(root, 'PUT', '/api/v1/plugins/tunable/settings', { ready: true })
    await ask(root, 'POST', '/api/v1/plugins/tunable/disable')
    await page.locator('.el-drawer').getByText('Disabled', { exact: true }).waitFor()
    await ask(root, 'POST', '/api/v1/plugins/tunable/enable')
    await page.locator('.el-drawer').getByText('Enabled', { exact: true }).waitFor()
    assert.equal(await size.inputValue(), '50')
    await assertFine(page, 'settings')
    await save.click()
    await page.getByText('The settings are saved and in effect').waitFor()
    assert.match(await (await fetch(`${url}/api/v1/tunable`)).text(), /^50 Long token of 19/)
    assert.equal(await field('token').locator('input').inputValue(), '')
    assert.match(await field('token').locator('input').getAttribute('placeholder'), /never shown/)
    assert.ok(!(await page.content()).includes(SECRET))

    await size.fill('1000')
    await save.click()
    await field('page_size').locator('.el-form-item__error').waitFor()
    assert.match(await field('page_size').innerText(), /from 1 to 100/)
    await assertFine(page, 'settings-refused')
    await page.getByRole('button', { name: 'Discard' }).click()
    assert.equal(await size.inputValue(), '50')
    await field('page_size').getByRole('button', { name: /Reset to the default/ }).click()
    assert.equal(await size.inputValue(), '20')
    await save.click()
    await eventually(async () => /^20 /.test(await (await fetch(`${url}/api/v1/tunable`)).text()), 'the default holds')
  })

  it('that the environment holds can’t be changed', async () => {
    await install(root, 'shaky')
    const { page } = await onPage()
    await details(page, 'shaky')
    await tab(page, 'Settings').click()
    const key = page.locator('[data-setting=key]')
    await key.getByText('From the environment').waitFor()
    assert.ok(await key.locator('input').isDisabled())
    assert.equal(await key.getByRole('button').count(), 0)
    await assertFine(page, 'settings-locked')
  })

  it('of any type have an input', async () => {
    await install(root, 'tunable')
    const { page } = await onPage()
    const schema = {
      type: 'object',
      properties: {
        hosts: { type: 'array', items: { type: 'string' }, title: 'Hosts', description: 'Where to ask' },
        retry: { type: 'object', properties: { times: { type: 'integer' } }, title: 'Retry', default: { times: 3 } },
        level: { oneOf: [{ const: 'low', description: 'Little' }, { const: 'high', description: 'Much' }], title: 'Level' },
        name: { anyOf: [{ type: 'string', maxLength: 8 }, { type: 'null' }], title: 'Name' },
      },
    }
    const told = { schema, values: { hosts: ['a.example'], retry: { times: 3 }, level: 'low', name: null }, set: {}, origin: {}, locked: [] }
    let sent
    await page.route('**/api/v1/plugins/tunable/settings', async (route) => {
      sent = route.request().postDataJSON() ?? sent
      await route.fulfill({ json: { code: 200, msg: '', data: told } })
    })
    await details(page, 'tunable')
    await tab(page, 'Settings').click()
    const field = (key) => page.locator(`[data-setting=${key}]`)
    await field('hosts').getByRole('textbox').fill('b.example')
    await page.keyboard.press('Enter')
    await field('retry').locator('textarea').fill('{ "times": ')
    await field('name').getByRole('textbox').fill('longer than eight')
    await page.getByRole('button', { name: 'Save' }).click()
    await field('retry').getByText('This is not JSON').waitFor()
    assert.equal(sent, undefined)
    await field('retry').locator('textarea').fill('{ "times": 5 }')
    await assertFine(page, 'settings-types')
    await page.getByRole('button', { name: 'Save' }).click()
    await eventually(() => sent, 'they are sent')
    assert.deepEqual(sent, { hosts: ['a.example', 'b.example'], retry: { times: 5 }, name: 'longer t' })
  })
})

describe('a plugin that misbehaves', () => {
  it('is taken out, says why, and is released', async () => {
    await install(root, 'shaky')
    const { page } = await onPage()
    await details(page, 'shaky')
    for (let time = 0; time < 5; time += 1) await fetch(`${url}/api/v1/shaky/panic`)
    const out = page.getByRole('region', { name: 'In quarantine' })
    await out.waitFor()
    assert.match(await out.innerText(), /5 panics/)
    await assertFine(page, 'quarantine')
    await out.getByRole('button', { name: 'Release' }).click()
    await page.locator('.el-drawer').getByText('Enabled', { exact: true }).waitFor()
    await out.waitFor({ state: 'detached' })
    assert.equal((await fetch(`${url}/api/v1/shaky`)).status, 200)
  })
})

describe('plugins that need each other', () => {
  const needing = (id, other) => variant('steady_one', { replace: [['steady', id]], manifest: (text) => (other ? text.replace('[plugin]', `[plugin]\ndepends_on = ["${other}"]`) : text) })

  it('are disabled and enabled together, after a look at what that means', async () => {
    await upload(needing('basket'))
    await upload(needing('supper', 'basket'))
    const { page } = await onPage()
    const basket = card(page, 'basket').getByRole('switch')
    await basket.locator('..').click()
    const off = dialog(page, /with those that need it/)
    await off.waitFor()
    await off.getByRole('heading', { name: 'Disable: basket 1.0.0' }).waitFor()
    assert.deepEqual(await off.locator('[data-switched-off]').evaluateAll((all) => all.map((one) => one.dataset.switchedOff)), ['supper'])
    await off.getByText('GET /api/v1/basket').first().waitFor()
    await assertFine(page, 'cascade-off')
    await off.getByRole('button', { name: 'Cancel' }).click()
    await off.waitFor({ state: 'detached' })
    await eventually(() => basket.isChecked(), 'the switch goes back')
    assert.equal((await plugin('supper')).state, 'enabled')
    await basket.locator('..').click()
    await off.getByRole('button', { name: 'Disable all 2' }).click()
    await off.waitFor({ state: 'detached' })
    assert.deepEqual([(await plugin('basket')).state, (await plugin('supper')).state], ['disabled', 'disabled'])

    const supper = card(page, 'supper').getByRole('switch')
    await eventually(async () => !(await supper.isChecked()), 'both are off')
    await supper.locator('..').click()
    const on = dialog(page, /with what it needs/)
    await on.waitFor()
    await assertFine(page, 'cascade-on')
    await on.getByRole('button', { name: 'Enable all 2' }).click()
    await on.waitFor({ state: 'detached' })
    assert.deepEqual([(await plugin('basket')).state, (await plugin('supper')).state], ['enabled', 'enabled'])
    await eventually(() => basket.isChecked(), 'both are on')

    await details(page, 'basket')
    await page.getByRole('button', { name: 'Uninstall' }).click()
    const question = dialog(page, /Uninstall/).first()
    await question.getByText('These serve and need it: supper.').waitFor()
    await assertFine(page, 'still-needed')
    await question.getByRole('button', { name: 'Disable those with it' }).click()
    await question.getByText('Disabled with it').waitFor()
    await question.getByRole('heading', { name: 'Uninstall, data stays: basket 1.0.0' }).waitFor()
    await question.getByRole('button', { name: 'Uninstall', exact: true }).click()
    await card(page, 'basket').waitFor({ state: 'detached' })
  })
})

describe('an uninstallation', () => {
  it('lists what goes, and deletes the data', async () => {
    await install(root, 'shelf')
    const { page } = await onPage()
    await details(page, 'shelf')
    await page.getByRole('button', { name: 'Uninstall' }).click()
    const question = dialog(page, /Uninstall/).first()
    await question.getByText('Delete its data').click()
    await question.getByRole('heading', { name: 'Uninstall with all data: shelf 1.0.0' }).waitFor()
    for (const word of ['GET /api/v1/shelf', 'shelf:book:add', 'Bundles of the versions 1.0.0']) await question.getByText(word, { exact: true }).waitFor()
    await question.getByText('the plugin\'s tables go with all their rows').waitFor()
    await assertFine(page, 'purge')
    await question.getByRole('button', { name: 'Uninstall and delete its data' }).click()
    await card(page, 'shelf').waitFor({ state: 'detached' })
    assert.equal((await ask(root, 'GET', '/api/v1/plugins/shelf')).status, 404)
  })

  it('hands over the data before it goes', async () => {
    await install(root, 'shelf')
    const { page } = await onPage()
    await details(page, 'shelf')
    await page.getByRole('button', { name: 'Uninstall' }).click()
    const question = dialog(page, /Uninstall/).first()
    await question.getByText('Take its data along').click()
    await question.getByRole('heading', { name: 'Uninstall with all data: shelf 1.0.0' }).waitFor()
    await assertFine(page, 'export')
    const [file] = await Promise.all([page.waitForEvent('download'), question.getByRole('button', { name: 'Download, then uninstall' }).click()])
    assert.equal(file.suggestedFilename(), 'shelf-export.zip')
    assert.equal(readFileSync(await file.path()).subarray(0, 2).toString(), 'PK')
    await card(page, 'shelf').waitFor({ state: 'detached' })
    assert.equal((await ask(root, 'GET', '/api/v1/plugins/shelf')).status, 404)
  })
})

describe('what uninstalled plugins have left', () => {
  it('is found', async () => {
    await install(root, 'shelf')
    await ask(root, 'DELETE', '/api/v1/plugins/shelf?data=keep')
    const { page } = await onPage()
    await page.getByRole('button', { name: 'Check the remains' }).click()
    const found = dialog(page, 'Check the remains')
    await found.getByText(/shelf_book/).first().waitFor()
    await assertFine(page, 'doctor')
    await found.getByRole('button', { name: 'Check again' }).click()
    await found.getByText(/shelf_book/).first().waitFor()
    await install(root, 'shelf')
  })

  it('has a word for each kind', async () => {
    for (const [language, words] of Object.entries({ 'en-US': ['Job', 'Event'], 'zh-CN': ['定时任务', '事件'] })) {
      const { page } = await onPage({ language })
      const found = ['job', 'event'].map((subject) => ({ subject, name: `stray ${subject}`, problem: 'no_owner', text: '', repairable: true }))
      await page.route('**/api/v1/plugins/doctor', (route) => route.fulfill({ json: { code: 200, msg: '', data: { faults: found, kept: [], repaired: [] } } }))
      await page.getByRole('button', { name: /Check the remains|检查残留/ }).click()
      for (const [index, word] of words.entries()) assert.match(await page.getByRole('dialog').getByRole('listitem').nth(index).innerText(), new RegExp(`^${word}`))
    }
  })
})

describe('two administrators', () => {
  it('see each other’s work, and no page is loaded anew', async () => {
    const [first, second] = [await onPage(), await onPage({ language: 'zh-CN', dark: true })]
    for (const { page } of [first, second]) await page.evaluate(() => (globalThis.isSamePage = true))
    await offer(first.page, bundle('slow_start'))
    await first.page.getByRole('heading', { name: /slow_start/ }).waitFor()
    await apply(first.page)
    await card(second.page, 'slow_start').waitFor()
    await details(second.page, 'slow_start')
    await ask(root, 'POST', '/api/v1/plugins/slow_start/disable')
    await second.page.locator('.el-drawer').getByText('已停用', { exact: true }).or(second.page.locator('.el-drawer').getByText('停用', { exact: true })).first().waitFor()
    const enabling = ask(root, 'POST', '/api/v1/plugins/slow_start/enable')
    await second.page.locator('.el-drawer').getByText('启用: 启动新实例').waitFor()
    await enabling
    await ask(root, 'DELETE', '/api/v1/plugins/slow_start')
    await second.page.locator('.el-drawer').waitFor({ state: 'detached' })
    for (const { page } of [first, second]) assert.ok(await page.evaluate(() => globalThis.isSamePage))
  })
})

describe('the page of plugins', () => {
  for (const [kind, options] of Object.entries({ 'dark-chinese': { dark: true, language: 'zh-CN' }, phone: { phone: true } })) {
    it(`has every view without an error or a serious fault: ${kind}`, async () => {
      await install(root, 'tunable')
      await install(root, 'shelf')
      const { page, said } = await onPage(options)
      await details(page, 'tunable')
      const tabs = page.locator('.el-drawer [role=tab]')
      await tabs.first().focus()
      for (let index = 0; index < (await tabs.count()); index += 1) {
        assert.equal(await tabs.nth(index).getAttribute('aria-selected'), 'true', `tab ${index} is reached by keyboard`)
        await assertFine(page, `${kind}-tab-${index}`)
        await page.keyboard.press('ArrowRight')
      }
      await page.locator('.el-drawer .top .el-button--danger').click()
      await page.locator('.el-dialog .plan').waitFor()
      await assertFine(page, `${kind}-uninstall`)
      await page.keyboard.press('Escape')
      await page.locator('.el-dialog').waitFor({ state: 'detached' })
      await page.keyboard.press('Escape')
      await page.locator('.el-drawer').waitFor({ state: 'detached' })
      await page.locator('.head .el-button--primary').click()
      await page.locator('.el-dialog input[type=file]').setInputFiles(bundle('shelf_later'))
      await page.locator('.el-dialog .plan').waitFor()
      await assertFine(page, `${kind}-plan`)
      assert.deepEqual(said, [])
    })
  }
})
