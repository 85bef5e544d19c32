import { reactive } from 'vue'

/** What the server says of itself before anybody is logged in. */
export const setup = reactive({ name: 'Backplane', version: '', time_zone: 'UTC', docs: false })

export async function loadSetup(): Promise<void> {
  const response = await fetch('/console.json').catch(() => undefined)
  if (response?.ok) Object.assign(setup, await response.json())
  document.title = setup.name
}
