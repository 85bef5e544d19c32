// The console in a real browser, at a real server with real plugins.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ask, browser, bundle, eventually, faults, furnish, install, logIn, loggedIn, open, password, person, shoot, tokenOf, url } from './support.mjs'

/** Each page of the core, and of the plugins that come with it. */
const PAGES = {
  dashboard: '/analytics',
  workspace: '/workspace',
  departments: '/system/dept',
  users: '/system/user',
  roles: '/system/role',
  menus: '/system/menu',
  'data-scopes': '/system/data-scope',
  'data-rules': '/system/data-rule',
  plugins: '/system/plugin',
  notices: '/plugins/notice',
  dictionaries: '/plugins/dict',
  parameters: '/plugins/config',
  hello: '/hello',
  tasks: '/scheduler/manage',
  'login-log': '/log/login',
  'operation-log': '/log/opera',
  sessions: '/log/online',
  cache: '/monitor/redis',
  server: '/monitor/server',
  profile: '/profile',
  missing: '/no/such/page',
}
const FIRST_PAGE_MS_MAX = 1_000
const SEEN_MS_MAX = 1_000

let root
const switchOf = (page, name) => page.getByRole('switch', { name })
const link = (page, name) => page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link', { name, exact: true })

before(async () => {
  root = await tokenOf('admin')
  await furnish(root, 'notice', 'dict', 'config', 'hello')
  const notice = { title: 'Maintenance on Sunday', type: 1, status: 1, content: 'From **two** to *three*.' }
  assert.equal((await ask(root, 'POST', '/api/v1/sys/notices', notice)).code, 200)
})
after(() => browser.close())

describe('logging in', () => {
  it('shows a login page at once, and says why a login fails', async () => {
    const { context, page, said } = await person()
    const started = Date.now()
    await page.goto(url)
    await page.waitForSelector('#username')
    // The browser's own start is not the page's.
    await page.reload()
    await page.waitForSelector('#username')
    const ready = await page.evaluate(() => performance.now())
    assert.ok(ready < FIRST_PAGE_MS_MAX, `${ready} ms of ${Date.now() - started}`)
    await shoot(page, 'login')
    assert.deepEqual(await faults(page), [])
    assert.deepEqual(said, [])
    await logIn(page, 'admin', 'wrong')
    const alert = page.getByRole('alert')
    await alert.waitFor()
    assert.match(await alert.innerText(), /Request id/)
    await alert.getByRole('button', { name: 'Copy' }).waitFor()
    await context.close()
  })

  it('keeps the session over a reload, also in a second tab, and ends it in both', async () => {
    const { context, page } = await loggedIn()
    await page.reload()
    await page.waitForSelector('#content h1')
    const second = await context.newPage()
    await second.goto(`${url}/system/user`)
    await second.getByRole('heading', { name: 'Users' }).waitFor()
    await page.reload()
    await page.waitForSelector('#content h1')
    await second.getByRole('button', { name: 'Account admin' }).click()
    await second.getByRole('menuitem', { name: 'Log out' }).click()
    await second.waitForSelector('#username')
    await page.waitForSelector('#username')
    await context.close()
  })
})

describe('every page', () => {
  for (const [kind, options] of Object.entries({
    'light-english': {},
    'dark-chinese': { dark: true, language: 'zh-CN' },
    phone: { phone: true },
  })) {
    it(`opens without an error or a serious fault: ${kind}`, async () => {
      const { context, page, said } = await loggedIn(options)
      const found = []
      for (const [name, path] of Object.entries(PAGES)) {
        await open(page, path)
        await shoot(page, `${kind}-${name}`)
        for (const fault of await faults(page)) found.push(`${name}: ${fault}`)
        for (const text of said.splice(0)) found.push(`${name} says: ${text}`)
        const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        if (width > 0) found.push(`${name} is ${width} px too wide`)
        if (options.language === 'zh-CN') {
          const heading = await page.locator('#content h1').first().innerText()
          if (!/[\u4e00-\u9fff]/.test(heading)) found.push(`${name} is not in Chinese: ${heading}`)
        }
      }
      assert.deepEqual(found, [])
      await context.close()
    })
  }

  it('is reached by keyboard alone', async () => {
    const { context, page } = await loggedIn()
    await page.keyboard.press('Tab')
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim())
    assert.equal(await focused(), 'Skip to the content')
    await page.keyboard.press('Enter')
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'content')
    await link(page, 'Users').focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Users' }).waitFor()
    await context.close()
  })

  it('has a menu on a phone that opens and closes', async () => {
    const { context, page } = await loggedIn({ phone: true })
    assert.equal(await link(page, 'Users').isVisible(), false)
    await page.getByRole('button', { name: 'Open the menu' }).click()
    await shoot(page, 'phone-menu')
    await link(page, 'Users').click()
    await page.getByRole('heading', { name: 'Users' }).waitFor()
    assert.equal(await link(page, 'Users').isVisible(), false)
    await context.close()
  })

  it('changes language and appearance at once', async () => {
    const { context, page } = await loggedIn()
    await page.getByRole('button', { name: 'Language' }).click()
    await page.getByRole('menuitem', { name: '中文' }).click()
    await page.getByRole('link', { name: '用户管理' }).waitFor()
    await page.getByRole('button', { name: '外观' }).click()
    await page.getByRole('menuitem', { name: '深色' }).click()
    assert.ok(await page.evaluate(() => document.documentElement.classList.contains('dark')))
    await context.close()
  })
})

describe('the dashboard', () => {
  it('shows calls as they happen', async () => {
    const { context, page } = await loggedIn({ dark: true })
    await open(page, '/analytics')
    const calls = page.locator('.number').nth(1).locator('strong')
    const end = Date.now() + 9_000
    while (Date.now() < end) {
      await Promise.all(Array.from({ length: 1 + Math.floor(Math.random() * 4) }, () => fetch(`${url}/api/v1/hello`)))
      await ask(root, 'GET', '/api/v1/sys/notices')
      await new Promise((resolve) => setTimeout(resolve, 60))
    }
    await eventually(async () => Number(await calls.innerText()) > 0, 'calls are shown')
    await shoot(page, 'live-dashboard')
    await context.close()
  })
})

describe('lists and forms', () => {
  it('add, edit and delete a role, and grant it menus with half-chosen parents', async () => {
    const { context, page } = await loggedIn()
    await open(page, '/system/role')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByLabel('Name', { exact: false }).last().fill('Readers')
    await shoot(page, 'role-form')
    assert.deepEqual(await faults(page), [])
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('cell', { name: 'Readers', exact: true }).waitFor()
    await page.getByRole('button', { name: 'Permissions: Readers' }).click()
    const grants = page.getByRole('dialog')
    await grants.getByRole('checkbox', { name: 'Users', exact: true }).check()
    assert.ok(await grants.getByRole('checkbox', { name: 'System', exact: true }).evaluate((box) => box.indeterminate))
    await shoot(page, 'role-grants')
    assert.deepEqual(await faults(page), [])
    await page.getByRole('button', { name: 'Save' }).click()
    await grants.waitFor({ state: 'detached' })
    const roles = (await ask(root, 'GET', '/api/v1/sys/roles/all')).data
    const { data } = await ask(root, 'GET', `/api/v1/sys/roles/${roles.find(({ name }) => name === 'Readers').id}`)
    assert.deepEqual(data.menus.map(({ name }) => name).filter((name) => ['System', 'SysUser', 'SysRole'].includes(name)).sort(), ['SysUser', 'System'])
    await page.getByRole('button', { name: 'Delete: Readers' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('cell', { name: 'Readers', exact: true }).waitFor({ state: 'detached' })
    await context.close()
  })

  it('show what the server refuses, with the request’s id, and keep what was typed', async () => {
    const { context, page } = await loggedIn()
    await open(page, '/system/role')
    await page.getByRole('button', { name: 'Add' }).click()
    const drawer = page.getByRole('dialog')
    await drawer.getByRole('textbox').first().fill('Test')
    await drawer.getByRole('button', { name: 'Save' }).click()
    await drawer.getByRole('alert').filter({ hasText: 'Request id' }).waitFor()
    await shoot(page, 'refused')
    assert.equal(await drawer.getByRole('textbox').first().inputValue(), 'Test')
    await context.close()
  })

  it('are made of a plugin’s own document', async () => {
    const { context, page } = await loggedIn()
    await open(page, '/plugins/notice')
    await page.getByRole('cell', { name: 'Maintenance on Sunday', exact: true }).waitFor()
    await page.getByRole('button', { name: 'Add' }).click()
    const drawer = page.getByRole('dialog')
    await drawer.getByRole('textbox').first().fill('Second notice')
    await drawer.locator('textarea').fill('# Hello')
    await shoot(page, 'notice-form')
    assert.deepEqual(await faults(page), [])
    await drawer.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('cell', { name: 'Second notice', exact: true }).waitFor()
    await context.close()
  })
})

describe('plugins', () => {
  it('are installed by upload, upgraded, rolled back, and uninstalled with their data', async () => {
    const { context, page } = await loggedIn()
    await open(page, '/system/plugin')
    await page.getByRole('button', { name: 'Install' }).click()
    await shoot(page, 'install')
    assert.deepEqual(await faults(page), [])
    const upload = async (name) => {
      await page.locator('.el-dialog input[type=file], .el-drawer input[type=file]').last().setInputFiles(bundle(name))
      await accept(page)
    }
    await upload('steady_one')
    const card = page.locator('[data-plugin=steady]')
    await card.waitFor()
    assert.match(await card.innerText(), /1\.0\.0/)
    await card.getByRole('button').first().click()
    const drawer = page.getByRole('dialog', { name: /Serves the soak tests/ })
    await drawer.waitFor()
    await eventually(async () => (await faults(page)).length === 0, `no fault: ${await faults(page)}`)
    await upload('steady_two')
    await page.getByRole('dialog', { name: /2\.0\.0/ }).waitFor()
    await shoot(page, 'plugin-detail')
    await page.getByRole('tab', { name: /Routes/ }).click()
    await page.getByRole('button', { name: 'Try it: GET /api/v1/steady', exact: true }).click()
    await page.getByRole('button', { name: 'Send' }).click()
    await drawerOf(page).locator('pre').waitFor()
    await shoot(page, 'plugin-routes')
    assert.deepEqual(await faults(page), [])
    await page.getByRole('button', { name: 'Roll back to 1.0.0' }).first().click()
    await page.getByRole('dialog', { name: /Roll .* back to 1\.0\.0/ }).getByRole('button', { name: 'Roll back to 1.0.0' }).click()
    await page.getByRole('dialog', { name: /1\.0\.0/ }).waitFor()
    await page.getByRole('button', { name: 'Uninstall' }).click()
    const question = page.getByRole('dialog', { name: /Uninstall/ })
    await question.getByText('Delete its data').click()
    await shoot(page, 'uninstall')
    assert.deepEqual(await faults(page), [])
    await question.getByRole('button', { name: 'Uninstall' }).click()
    await card.waitFor({ state: 'detached' })
    await context.close()
  })

  it('that can’t start are explained', async () => {
    const { context, page } = await loggedIn()
    await open(page, '/system/plugin')
    await page.getByRole('button', { name: 'Install' }).click()
    await page.locator('.el-dialog input[type=file]').setInputFiles(bundle('error_in_init'))
    const alert = page.getByRole('alert').filter({ hasText: 'Request id' })
    await alert.waitFor()
    await shoot(page, 'failed-install')
    await context.close()
  })

  it('switched in one browser are seen in another within a second, where input survives', async () => {
    const [first, second] = [await loggedIn(), await loggedIn()]
    await open(first.page, '/system/plugin')
    await open(second.page, '/plugins/notice')
    await second.page.getByRole('button', { name: 'Add' }).click()
    const input = second.page.getByRole('dialog').getByRole('textbox').first()
    await input.fill('Unsaved')
    const [entry, other] = [link(second.page, 'Notices'), link(second.page, 'Hello')]
    await entry.waitFor()
    let started = Date.now()
    await switchOf(first.page, 'Notices enabled').locator('..').click()
    await entry.waitFor({ state: 'detached' })
    const gone = Date.now() - started
    await second.page.getByText('This page’s plugin was switched off.').waitFor()
    assert.equal(await input.inputValue(), 'Unsaved')
    started = Date.now()
    await switchOf(first.page, 'Notices enabled').locator('..').click()
    await entry.waitFor()
    const back = Date.now() - started
    assert.equal(await input.inputValue(), 'Unsaved')
    assert.ok(await other.isVisible())
    assert.ok(gone < SEEN_MS_MAX && back < SEEN_MS_MAX, `gone after ${gone} ms, back after ${back} ms`)
    await first.context.close()
    await second.context.close()
  })

  it('that must stay can’t be switched off', async () => {
    const { context, page } = await loggedIn()
    await open(page, '/system/plugin')
    assert.ok(await switchOf(page, 'Dictionaries enabled').isDisabled())
    await context.close()
  })

  it('are found by words, state and tag', async () => {
    const { context, page } = await loggedIn()
    await open(page, '/system/plugin')
    await page.getByRole('textbox', { name: 'Search plugins' }).fill('notif')
    assert.equal(await page.locator('[data-plugin]').count(), 1)
    await page.getByRole('textbox', { name: 'Search plugins' }).fill('nothing like this')
    await page.getByText('No plugin fits').waitFor()
    await page.getByRole('button', { name: 'Reset' }).click()
    await page.getByRole('button', { name: 'Table' }).click()
    await page.getByRole('cell', { name: 'Notices (notice)' }).waitFor()
    await shoot(page, 'plugins-table')
    assert.deepEqual(await faults(page), [])
    await context.close()
  })
})

describe('somebody with few permissions', () => {
  it('sees neither buttons nor pages of what is not theirs, and gets 403 by the API', async () => {
    const menus = (await ask(root, 'GET', '/api/v1/sys/menus')).data
    const flat = (nodes) => nodes.flatMap((node) => [node, ...flat(node.children ?? [])])
    const names = ['System', 'SysUser', 'ListSysUser', 'SysRole', 'PluginNotice']
    const granted = flat(menus).filter(({ name }) => names.includes(name)).map(({ id }) => id)
    assert.equal((await ask(root, 'POST', '/api/v1/sys/roles', { name: 'Onlookers', status: 1, is_filter_scopes: false })).code, 200)
    const role = (await ask(root, 'GET', '/api/v1/sys/roles/all')).data.find(({ name }) => name === 'Onlookers').id
    assert.equal((await ask(root, 'PUT', `/api/v1/sys/roles/${role}/menus`, { menus: granted })).code, 200)
    const dept = (await ask(root, 'GET', '/api/v1/sys/depts')).data[0].id
    const form = { username: 'onlooker', password, nickname: 'Onlooker', dept_id: dept, roles: [role] }
    const made = await ask(root, 'POST', '/api/v1/sys/users', form)
    assert.equal(made.code, 200, made.msg)
    await ask(root, 'PUT', `/api/v1/sys/users/${made.data.id}/permissions?type=multi_login`)

    const { context, page, said } = await loggedIn({ username: 'onlooker' })
    await page.getByRole('heading', { name: 'Hello, Onlooker' }).waitFor()
    await shoot(page, 'onlooker')
    assert.equal(await link(page, 'Plugins').count(), 0)
    for (const path of ['/system/role', '/plugins/notice']) {
      await open(page, path)
      await page.waitForSelector('table')
      for (const name of ['Add', /^Edit/, /^Delete/]) assert.equal(await page.getByRole('button', { name }).count(), 0, `${path} ${name}`)
    }
    await open(page, '/system/plugin')
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
    assert.deepEqual(said, [])
    const own = await tokenOf('onlooker')
    assert.equal((await ask(own, 'POST', '/api/v1/sys/roles', { name: 'x', status: 1 })).status, 403)
    assert.equal((await ask(own, 'GET', '/api/v1/plugins')).status, 403)

    // The sidebar changes for them, too.
    const entry = link(page, 'Notices')
    await entry.waitFor()
    await ask(root, 'POST', '/api/v1/plugins/notice/disable')
    await entry.waitFor({ state: 'detached', timeout: 2_000 })
    await ask(root, 'POST', '/api/v1/plugins/notice/enable')
    await entry.waitFor({ timeout: 2_000 })
    await context.close()
  })
})

const drawerOf = (page) => page.locator('.el-drawer')

/** Looks at the plan that is shown, and applies it. */
async function accept(page) {
  const apply = page.getByRole('button', { name: 'Apply' })
  await apply.waitFor()
  await shoot(page, 'plan')
  await apply.click()
  await apply.waitFor({ state: 'detached' })
}
