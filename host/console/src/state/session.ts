import { computed, ref, shallowRef } from 'vue'
import { api, payload, type Schemas } from '../api/client'
import { onChange, watch as watchChanges } from '../api/changes'
import { hear, tell } from '../api/tabs'
import { adopt, askOtherTabs, forget, onLost, renew, token } from '../api/token'
import { loadMenus, menus } from './menus'

/** Who is logged in. */
export const user = shallowRef<Schemas['Me']>()
const codes = shallowRef(new Set<string>())
/** Days until the password has to be changed, where the login said so. */
export const passwordDays = ref<number>()
export const isSuper = computed(() => (user.value?.is_superuser && user.value.is_staff) ?? false)

let watching: AbortController | undefined

/** Whether the user has a permission code; `super` stands for routes of super-users. */
export function may(code: string | undefined): boolean {
  if (!code) return true
  return code === 'super' ? isSuper.value : user.value?.is_superuser === true || codes.value.has(code)
}

/** Goes on with the session that the browser has, if there is one. */
export async function resume(): Promise<boolean> {
  if (user.value) return true
  const known = token.value !== '' || (await askOtherTabs()) || (await renew())
  return known && enter().then(() => true, () => false)
}

/** Logs in. */
export async function login(input: Schemas['LoginInput']): Promise<void> {
  const answer = await payload(api.POST('/api/v1/auth/login', { body: input }))
  passwordDays.value = answer.password_expire_days_remaining ?? undefined
  adopt(answer.access_token)
  await enter()
}

/** Logs out, in every tab. */
export async function logout(): Promise<void> {
  await api.POST('/api/v1/auth/logout', {}).catch(() => undefined)
  tell({ kind: 'left' })
  leave('/login')
}

/** Reads anew who is logged in and what they may. */
export async function loadUser(): Promise<void> {
  const [me, granted] = await Promise.all([payload(api.GET('/api/v1/sys/users/me')), payload(api.GET('/api/v1/auth/codes'))])
  user.value = me
  codes.value = new Set(granted)
}

async function enter(): Promise<void> {
  await Promise.all([loadUser(), loadMenus()])
  watching?.abort()
  watching = new AbortController()
  void watchChanges(isSuper.value ? '/api/v1/plugins/events' : '/api/v1/plugins/changes', watching.signal)
}

function leave(address: string): void {
  watching?.abort()
  forget()
  user.value = undefined
  menus.value = undefined
  location.assign(address)
}

hear((message) => {
  if (message.kind === 'left' && user.value) leave('/login')
})

onLost(() => {
  const here = location.pathname + location.search
  if (user.value) leave(`/login?ended=1&to=${encodeURIComponent(here)}`)
})

onChange(() => {
  if (user.value) void Promise.all([loadMenus(), loadUser()]).catch(() => undefined)
})
