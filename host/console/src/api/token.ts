import { ref } from 'vue'
import { tell, hear } from './tabs'

/** The access token. It is only in memory; the browser keeps the cookie that renews it. */
export const token = ref('')

/** Set while somebody is logged in: scripts can't see the cookie, and needn't ask in vain. */
const KNOWN = 'backplane.session'

let renewal: Promise<boolean> | undefined

/** Puts a token in force, in every tab: a new one ends the one before. */
export function adopt(value: string): void {
  token.value = value
  localStorage.setItem(KNOWN, 'yes')
  tell({ kind: 'token', token: value })
}

let whenLost = (): void => undefined

/** Names what happens when a session ends from outside. */
export function onLost(listener: () => void): void {
  whenLost = listener
}

/** The session has ended: another login took its place, or somebody ended it. */
export function lose(): void {
  whenLost()
}

/** Lets the token go. */
export function forget(): void {
  token.value = ''
  localStorage.removeItem(KNOWN)
}

/** Gets a new token for the cookie; false when nobody is logged in. */
export function renew(): Promise<boolean> {
  // Whoever shows this page in a frame may have logged in for it.
  const isFramed = window.top !== window
  if (!localStorage.getItem(KNOWN) && !isFramed) return Promise.resolve(false)
  renewal ??= exclusively(renewed).finally(() => (renewal = undefined))
  return renewal
}

/** Takes the token of another tab, if one has it. */
export function askOtherTabs(): Promise<boolean> {
  const waits = 60
  return new Promise((resolve) => {
    const stop = hear((message) => {
      if (message.kind === 'token' && message.token) done(message.token)
    })
    const timer = setTimeout(done, waits, '')
    function done(value: string): void {
      clearTimeout(timer)
      stop()
      if (value) token.value = value
      resolve(value !== '')
    }
    tell({ kind: 'token?' })
  })
}

hear((message) => {
  if (message.kind === 'token?' && token.value) tell({ kind: 'token', token: token.value })
  if (message.kind === 'token' && token.value) token.value = message.token
})

async function renewed(): Promise<boolean> {
  const before = token.value
  if (before && (await isGood(before))) return true
  const response = await fetch('/api/v1/auth/refresh', { method: 'POST' }).catch(() => undefined)
  const body = response?.ok ? await response.json() : undefined
  if (!body?.data?.access_token) {
    localStorage.removeItem(KNOWN)
    return false
  }
  adopt(body.data.access_token)
  return true
}

/** Whether another tab renewed it while this one waited. */
async function isGood(value: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${value}` }
  const response = await fetch('/api/v1/auth/codes', { headers }).catch(() => undefined)
  return response?.ok ?? false
}

/** One tab at a time, where the browser can say so. */
function exclusively<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? (navigator.locks.request('backplane-renewal', work) as Promise<T>) : work()
}
