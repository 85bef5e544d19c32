// What a plugin does, as it happens: its log, its traffic, its jobs, the dashboard.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { errands } from './bundles.mjs'
import { ask, browser, eventually, faults, furnish, loggedIn, open, shoot, tokenOf, url } from './support.mjs'

const SEEN_MS_MAX = 1_000
const ID = 'talkative'
/** So long that a page that follows a job asks for it twice. */
const LOOKS_MS = 4_500

let root
const say = (text, level = 'info') => fetch(`${url}/api/v1/${ID}/say/${level}/${text}`)

/** Calls the plugin until the server has taken samples of it. */
async function furnishTraffic() {
  await eventually(async () => {
    await Promise.all(Array.from({ length: 5 }, () => fetch(`${url}/api/v1/${ID}`)))
    const { data } = await ask(root, 'GET', `/api/v1/plugins/${ID}/traffic`)
    return data.history.calls.filter((calls) => calls > 0).length >= 3
  }, 'there are samples', 40_000)
}

async function openTab(page, name, id = ID) {
  await open(page, '/system/plugin')
  await page.locator(`[data-plugin=${id}] .open`).click()
  await page.getByRole('tab', { name }).click()
}

/** How much of a chart is drawn on. */
const drawn = (chart) =>
  chart.locator('canvas').evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    let marked = 0
    for (let at = 3; at < data.length; at += 4) if (data[at] > 200) marked += 1
    return marked
  })

before(async () => {
  root = await tokenOf('admin')
  await furnish(root, 'hello', ID)
})
after(async () => {
  await ask(root, 'DELETE', `/api/v1/plugins/${ID}?data=purge`)
  await browser.close()
})

describe('the log of a plugin', () => {
  it('shows what is said within a second, filters it, and pauses', async () => {
    const { context, page, said } = await loggedIn()
    await say('said-before')
    await openTab(page, 'Log')
    const log = page.getByRole('log')
    await log.getByText('said-before').waitFor()
    const started = Date.now()
    await say('said-now', 'warn')
    await log.getByText('said-now').waitFor()
    const seen = Date.now() - started
    assert.ok(seen < SEEN_MS_MAX, `seen after ${seen} ms`)
    assert.match(await log.getByText('said-now').locator('..').innerText(), /WARN/)
    await ask(undefined, 'GET', `/api/v1/${ID}/tell`)
    await fetch(`${url}/api/v1/${ID}/panic`)
    await log.getByText(/panicked: talkative panics/).waitFor()
    await shoot(page, 'log')
    assert.deepEqual(await faults(page), [])

    await page.getByLabel('Search these lines').fill('said now')
    await log.getByText('said-before').waitFor({ state: 'detached' })
    assert.ok(await log.getByText('said-now').isVisible())
    await page.getByLabel('Search these lines').fill('never said')
    await log.getByText('No line fits').waitFor()
    await log.getByRole('button', { name: 'Reset' }).click()
    await log.getByText('said-before').waitFor()
    await page.locator('.level').click()
    await page.getByRole('option', { name: 'From ERROR' }).click()
    await log.getByText('said-now').waitFor({ state: 'detached' })
    assert.ok(await log.getByText(/panicked: talkative panics/).isVisible())
    await page.locator('.level').click()
    await page.getByRole('option', { name: 'Every level' }).click()

    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('status').filter({ hasText: 'Paused' }).waitFor()
    await say('said-meanwhile')
    await page.waitForTimeout(SEEN_MS_MAX)
    assert.equal(await log.getByText('said-meanwhile').count(), 0)
    await page.getByRole('button', { name: 'Follow' }).click()
    await log.getByText('said-meanwhile').waitFor()
    assert.equal(await log.getByText('said-now').count(), 1, 'nothing is shown twice')
    assert.deepEqual(said, [])
    await context.close()
  })

  it('stays usable in a flood, and says what was lost', async () => {
    const { context, page } = await loggedIn({ dark: true, language: 'en-US' })
    await openTab(page, 'Log')
    const log = page.getByRole('log')
    await log.locator('.row').first().waitFor()
    await fetch(`${url}/api/v1/${ID}/flood/50000`)
    await log.getByText('line 49999 of a flood').waitFor()
    await page.getByRole('status').filter({ hasText: /\d{4,} lost/ }).waitFor()
    assert.ok((await log.locator('.row').count()) <= 500)
    const atEnd = () => log.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 30)
    await eventually(atEnd, 'the end is in sight')
    await log.evaluate((box) => box.scrollTo({ top: 0 }))
    await page.getByRole('button', { name: 'To the newest' }).waitFor()
    await shoot(page, 'log-flood-dark')
    assert.deepEqual(await faults(page), [])
    await page.getByRole('button', { name: 'To the newest' }).click()
    await eventually(atEnd, 'the end is in sight again')
    await context.close()
  })

  it('says what to do while it is empty, and fits a phone', async () => {
    const { context, page } = await loggedIn({ phone: true, language: 'zh-CN' })
    await openTab(page, '日志')
    await page.getByRole('log').locator('.row').first().waitFor()
    await say('a-line-that-is-as-long-as-a-line-can-be-before-it-has-to-be-broken-somewhere', 'error')
    await page.getByText('a-line-that-is').waitFor()
    await shoot(page, 'log-phone')
    const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    assert.ok(width <= 0, `${width} px too wide`)
    assert.deepEqual(await faults(page), [])
    await page.getByRole('button', { name: '暂停' }).click()
    await page.getByRole('button', { name: '清空显示' }).click()
    await page.getByText('已暂停，没有可显示的日志').waitFor()
    await shoot(page, 'log-empty-phone')
    await context.close()
  })
})

describe('the traffic of a plugin', () => {
  it('is there at once, with what was before', async () => {
    await furnishTraffic()
    const { context, page, said } = await loggedIn()
    await openTab(page, 'Traffic')
    const charts = page.locator('.chart')
    await eventually(async () => (await charts.count()) === 2, 'there are two charts')
    assert.match(await charts.first().getAttribute('aria-label'), /In the last minute: \d+ calls/)
    assert.match(await charts.last().getAttribute('aria-label'), /95 % within [\d.]+ ms/)
    for (const chart of await charts.all()) await eventually(async () => (await drawn(chart)) > 300, 'something is drawn', 3_000)
    await page.getByText('The last minute as a table').click()
    assert.ok((await page.locator('details tbody tr').count()) >= 3)
    await shoot(page, 'traffic')
    assert.deepEqual(await faults(page), [])
    assert.deepEqual(said, [])
    await context.close()
  })

  it('is readable in the dark and on a phone', async () => {
    for (const options of [{ dark: true, language: 'zh-CN' }, { phone: true }]) {
      const { context, page } = await loggedIn(options)
      await openTab(page, options.dark ? '流量' : 'Traffic')
      await page.locator('.chart canvas').last().waitFor()
      await shoot(page, `traffic-${options.dark ? 'dark' : 'phone'}`)
      const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      assert.ok(width <= 0, `${width} px too wide`)
      assert.deepEqual(await faults(page), [])
      await context.close()
    }
  })
})

describe('the jobs of a plugin', () => {
  const job = (page, name) => page.locator(`[data-job=${name}]`)
  const run = (page, name) => job(page, name).getByRole('button', { name: /^Run now/ })

  before(async () => {
    const { buffer, name } = errands()
    const form = new FormData()
    form.append('file', new Blob([buffer]), name)
    const answer = await ask(root, 'POST', '/api/v1/plugins', form)
    assert.equal(answer.code, 200, answer.msg)
    assert.equal((await ask(root, 'PUT', '/api/v1/plugins/errands/settings', { word: 'bread-and-butter' })).code, 200)
  })
  after(() => ask(root, 'DELETE', '/api/v1/plugins/errands?data=purge'))

  it('are listed and started, and what came of it is told', async () => {
    const { context, page, said } = await loggedIn()
    await openTab(page, 'Jobs (5)', 'errands')
    assert.match(await job(page, 'yearly').innerText(), /Notes that it ran.*yearly.*Timetable.*0 0 1 1 \*.*Next run.*20\d\d.*Last run.*not yet/s)
    await run(page, 'yearly').click()
    await page.getByText('“Notes that it ran” is started').waitFor()
    await job(page, 'yearly').getByText('done', { exact: true }).waitFor()
    assert.match(await job(page, 'yearly').innerText(), /took \d+ ms/)
    await run(page, 'fails').click()
    await job(page, 'fails').getByText('failed', { exact: true }).waitFor()
    await job(page, 'fails').getByText('there is no ***').waitFor()
    await run(page, 'panics').click()
    await job(page, 'panics').getByText('panicked', { exact: true }).waitFor()
    await page.getByText(/is started/).first().waitFor({ state: 'detached' })
    await shoot(page, 'jobs')
    assert.deepEqual(await faults(page), [])
    assert.deepEqual(said, [])
    await context.close()
  })

  it('are followed while they run, and refused where they can’t be started', async () => {
    const { context, page } = await loggedIn()
    let looks = 0
    page.on('request', (request) => (looks += Number(request.url().endsWith('/errands/jobs'))))
    await openTab(page, 'Jobs (5)', 'errands')
    await run(page, 'long').waitFor()
    let before = looks
    await page.waitForTimeout(LOOKS_MS)
    assert.ok(looks - before <= 1, 'nobody asks while no job runs')

    assert.equal((await ask(root, 'POST', '/api/v1/plugins/errands/jobs/long/run')).code, 200)
    await run(page, 'long').click()
    await job(page, 'long').getByRole('alert').getByText('job long of plugin errands runs already').waitFor()
    await job(page, 'long').getByText(/^Running since/).waitFor()
    assert.ok(await run(page, 'long').isDisabled())
    assert.ok(await run(page, 'yearly').isEnabled())
    await shoot(page, 'jobs-refused')
    assert.deepEqual(await faults(page), [])
    await eventually(() => looks >= 4, 'it is looked at again')

    await page.keyboard.press('Escape')
    await page.locator('.el-drawer').waitFor({ state: 'detached' })
    before = looks
    await page.waitForTimeout(LOOKS_MS)
    assert.ok(looks - before <= 1, 'nobody asks while the drawer is shut')
    await openTab(page, 'Jobs (5)', 'errands')
    await job(page, 'long').getByText(/^Running since/).waitFor()
    await ask(root, 'POST', '/api/v1/plugins/errands/disable')
    await job(page, 'long').getByText('cut off', { exact: true }).waitFor()
    await job(page, 'long').getByText('none while the plugin does not serve').waitFor()
    for (const name of ['yearly', 'often', 'long']) assert.ok(await run(page, name).isDisabled())
    await context.close()
  })

  it('fit a phone', async () => {
    const { context, page } = await loggedIn({ phone: true, language: 'zh-CN' })
    await openTab(page, /定时任务/, 'errands')
    await job(page, 'fails').getByText('失败', { exact: true }).waitFor()
    await shoot(page, 'jobs-phone')
    const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    assert.ok(width <= 0, `${width} px too wide`)
    assert.deepEqual(await faults(page), [])
    await context.close()
  })
})

describe('the dashboard', () => {
  it('shows what runs, how it is called, health, the store and what has changed', async () => {
    await furnishTraffic()
    const { context, page, said } = await loggedIn()
    await open(page, '/analytics')
    const charts = page.locator('#content .chart')
    await eventually(async () => (await charts.count()) === 3, 'there are three charts')
    for (const number of [0, 2]) await eventually(async () => (await drawn(charts.nth(number))) > 300, 'something is drawn', 3_000)
    const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: new RegExp(`^${ID}`) }) })
    assert.ok(Number(await row.getByRole('cell').nth(1).innerText()) > 0)
    await page.getByText('Database answers').waitFor()
    await page.getByText(/\d+ bundles/).waitFor()
    const changes = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Changes of plugins' }) })
    assert.match(await changes.locator('li').filter({ hasText: ID }).first().innerText(), /installed/)
    await shoot(page, 'dashboard')
    assert.deepEqual(await faults(page), [])
    assert.deepEqual(said, [])
    await ask(root, 'POST', `/api/v1/plugins/${ID}/disable`)
    await changes.locator('li').filter({ hasText: /disabled/ }).first().waitFor()
    await ask(root, 'POST', `/api/v1/plugins/${ID}/enable`)
    await context.close()
  })

  it('is readable in the dark and on a phone', async () => {
    for (const options of [{ dark: true, language: 'zh-CN' }, { phone: true }]) {
      const { context, page } = await loggedIn(options)
      await open(page, '/analytics')
      await page.locator('#content canvas').first().waitFor()
      await page.screenshot({ path: `${process.env.CONSOLE_SHOTS}/dashboard-${options.dark ? 'dark' : 'phone'}.png`, fullPage: true })
      const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      assert.ok(width <= 0, `${width} px too wide`)
      assert.deepEqual(await faults(page), [])
      await context.close()
    }
  })
})
