import { ElMessage } from 'element-plus'
import { authorized } from '../../api/client'
import { t } from '../../i18n'
import { isDark, language } from '../../state/preferences'
import { may, user } from '../../state/session'

/** What an element of a plugin is given, in its property `backplane`. */
export interface Backplane {
  readonly language: string
  readonly theme: 'light' | 'dark'
  readonly user: { readonly id: number | string; readonly username: string; readonly nickname: string; readonly avatar: string | null; readonly is_superuser: boolean }
  readonly fetch: typeof fetch
  readonly notify: (text: string, type?: 'success' | 'info' | 'warning' | 'error') => void
  readonly may: (code: string) => boolean
}
export type PageElement = HTMLElement & { backplane?: Backplane }

/** As much of the hash in a module's path as goes into the element's name. */
const HASH_DIGITS = 16

/**
 * The class of an element, out of a module that a plugin serves. A document can define a name only
 * once, so each version of a module has names of its own: with the hash that its path has.
 */
export async function elementOf(module: string, name: string, attempt: number): Promise<new () => PageElement> {
  // Browsers remember a module that failed; another address is asked for anew.
  const loaded = (await import(/* @vite-ignore */ attempt === 0 ? module : `${module}?attempt=${attempt}`)) as { default?: Record<string, unknown> }
  const found = loaded.default?.[name]
  if (typeof found !== 'function' || !(found.prototype instanceof HTMLElement)) throw new Error(t('element.missing', { name }))
  const defined = `${name}-${module.split('/').at(3)?.slice(0, HASH_DIGITS)}${attempt === 0 ? '' : `-${attempt}`}`
  if (!customElements.get(defined)) customElements.define(defined, found as CustomElementConstructor)
  return customElements.get(defined) as new () => PageElement
}

/** A module by its name in the bundle. */
export function fileOf(module: string): string {
  return ['ui', ...module.split('/').slice(4)].join('/')
}

/** Where a module and what it imports come from. */
export function folderOf(module: string): string {
  return module.split('/').slice(0, 4).join('/')
}

/** What is given now; a new one is given when one of the first three changes. */
export function backplane(): Backplane {
  const { id, username, nickname, avatar, is_superuser } = user.value!
  const who = Object.freeze({ id, username, nickname, avatar: avatar ?? null, is_superuser })
  return Object.freeze({ language: language.value, theme: isDark.value ? 'dark' : 'light', user: who, fetch: ownFetch, notify, may })
}

/** The token goes to its own server, and nowhere else. */
async function ownFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input instanceof Request ? input : new URL(input, location.origin), init)
  if (new URL(request.url).origin !== location.origin) throw new TypeError(t('element.elsewhere', { address: request.url }))
  return authorized(request)
}

function notify(text: string, type: 'success' | 'info' | 'warning' | 'error' = 'success'): void {
  ElMessage({ message: text, type })
}
