// The page of hello: plain JavaScript, served as it is. It is given what it needs in `backplane`.

const TEXTS = {
  'en-US': {
    title: 'Say hello',
    lead: 'This page came with a plugin while the server was running. It asks the plugin’s own route.',
    name: 'Your name',
    greet: 'Greet me',
    waiting: 'Asking…',
    failed: 'The server could not be asked.',
    again: 'Greetings so far: {count}',
  },
  'zh-CN': {
    title: '打个招呼',
    lead: '此页面由插件在服务器运行期间带来，并调用插件自己的接口。',
    name: '您的名字',
    greet: '问候我',
    waiting: '正在请求…',
    failed: '无法请求服务器。',
    again: '已问候 {count} 次',
  },
}

const STYLE = new CSSStyleSheet()
STYLE.replaceSync(`
  :host { display: block; max-width: 560px; color: var(--ink, #1d2430); }
  .card { padding: 26px 28px 24px; border: 1px solid var(--line, #e0ddd3); border-radius: 14px; background: var(--card, #fff); }
  img { display: block; width: 52px; height: 52px; margin-bottom: 14px; }
  h1 { margin: 0 0 6px; font-size: 1.4rem; letter-spacing: -0.01em; }
  p { margin: 0; line-height: 1.5; }
  .lead, .count { color: var(--soft, #596171); }
  form { display: flex; flex-wrap: wrap; gap: 12px; align-items: end; margin: 20px 0 0; }
  label { flex: 1 1 220px; display: grid; gap: 6px; font-size: 0.92rem; }
  input, button { min-height: 40px; box-sizing: border-box; border-radius: 8px; font: inherit; font-size: 1rem; }
  input { width: 100%; padding: 0 12px; border: 1px solid var(--el-border-color, #c9c5b9); background: var(--card, #fff); color: inherit; }
  button { padding: 0 20px; border: 0; background: var(--accent, #0f6b5c); color: var(--card, #fff); font-weight: 600; cursor: pointer; }
  button:disabled { opacity: 0.6; cursor: default; }
  input:focus-visible, button:focus-visible { outline: 2px solid var(--accent, #0f6b5c); outline-offset: 2px; }
  output { display: block; margin-top: 20px; padding: 14px 16px; border-radius: 10px; background: var(--accent-soft, #e2efec); font-size: 1.15rem; overflow-wrap: anywhere; }
  output:empty { display: none; }
  .count { margin-top: 10px; font-size: 0.9rem; }
  @media (max-width: 480px) { .card { padding: 20px 18px; } button { width: 100%; } }
`)

class HelloPage extends HTMLElement {
  #backplane
  #count = 0
  #parts

  constructor() {
    super()
    const root = this.attachShadow({ mode: 'open' })
    root.adoptedStyleSheets = [STYLE]
    root.innerHTML = `
      <section class="card">
        <img alt="">
        <h1></h1>
        <p class="lead"></p>
        <form><label><span></span><input name="name" maxlength="60" autocomplete="off"></label><button></button></form>
        <output></output>
        <p class="count" hidden></p>
      </section>`
    const part = (selector) => root.querySelector(selector)
    this.#parts = {
      title: part('h1'), lead: part('.lead'), name: part('label span'), input: part('input'),
      greet: part('button'), answer: part('output'), count: part('.count'),
    }
    part('img').src = new URL('wave.svg', import.meta.url).href
    part('form').addEventListener('submit', (event) => this.#greet(event))
  }

  /** Set before the element is shown, and again when language, theme or user change. */
  set backplane(backplane) {
    const isFirst = this.#backplane === undefined
    this.#backplane = backplane
    if (isFirst) this.#parts.input.value = backplane.user.nickname
    this.#label()
  }

  #text(key) {
    return (TEXTS[this.#backplane.language] ?? TEXTS['en-US'])[key]
  }

  #label() {
    for (const key of ['title', 'lead', 'name', 'greet']) this.#parts[key].textContent = this.#text(key)
    this.#parts.count.textContent = this.#text('again').replace('{count}', this.#count)
    this.#parts.count.hidden = this.#count === 0
  }

  async #greet(event) {
    event.preventDefault()
    const { greet, answer, input } = this.#parts
    greet.disabled = true
    answer.textContent = this.#text('waiting')
    try {
      const query = new URLSearchParams(input.value.trim() && { name: input.value.trim() })
      const response = await this.#backplane.fetch(`/api/v1/hello?${query}`)
      if (!response.ok) throw new Error(`HTTP ${response.status}`)
      answer.textContent = await response.text()
      this.#count += 1
      this.#label()
    } catch (error) {
      answer.textContent = ''
      this.#backplane.notify(`${this.#text('failed')} (${error.message})`, 'error')
    } finally {
      greet.disabled = false
    }
  }
}

export default { 'hello-page': HelloPage }
