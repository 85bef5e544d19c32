import { ref, watch, watchEffect } from 'vue'

export type Language = 'zh-CN' | 'en-US'
export type Theme = 'light' | 'dark' | 'system'

const dark = matchMedia('(prefers-color-scheme: dark)')
const systemIsDark = ref(dark.matches)
dark.addEventListener('change', (event) => (systemIsDark.value = event.matches))

/** What the administrator chose, kept in this browser. */
export const language = ref(kept<Language>('language', ['zh-CN', 'en-US'], firstLanguage()))
export const theme = ref(kept<Theme>('theme', ['light', 'dark', 'system'], 'system'))
export const isDark = ref(false)

watch(language, (value) => localStorage.setItem('backplane.language', value))
watch(theme, (value) => localStorage.setItem('backplane.theme', value))
watchEffect(() => {
  isDark.value = theme.value === 'dark' || (theme.value === 'system' && systemIsDark.value)
  document.documentElement.classList.toggle('dark', isDark.value)
  document.documentElement.lang = language.value
})

function firstLanguage(): Language {
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en-US'
}

function kept<T extends string>(key: string, allowed: T[], otherwise: T): T {
  const value = localStorage.getItem(`backplane.${key}`) as T | null
  return value && allowed.includes(value) ? value : otherwise
}
