import { shallowRef, watch } from 'vue'
import { createI18n } from 'vue-i18n'
import type { Language } from 'element-plus/es/locale'
import { language } from '../state/preferences'

/** Texts of the console; each language is loaded when it is chosen. */
export const i18n = createI18n({ legacy: false, locale: language.value, missingWarn: false, fallbackWarn: false, messages: {} })
/** Texts of the component library. */
export const elementLocale = shallowRef<Language>()
const menuTitles = shallowRef<Record<string, string>>({})

/** The text for a key; it follows the chosen language. */
export function t(key: string, values: Record<string, unknown> = {}): string {
  return i18n.global.t(key, values)
}

/** Loads the texts of the chosen language. */
export async function loadTexts(): Promise<void> {
  const chosen = language.value
  const [texts, element] =
    chosen === 'zh-CN'
      ? await Promise.all([import('./zh'), import('element-plus/es/locale/lang/zh-cn')])
      : await Promise.all([import('./en'), import('element-plus/es/locale/lang/en')])
  i18n.global.setLocaleMessage(chosen, texts.texts as never)
  menuTitles.value = texts.menuTitles
  elementLocale.value = element.default
  i18n.global.locale.value = chosen as never
}

/** The title of a menu entry: a text, or a key of ours; an unknown key of a plugin names the plugin. */
export function menuTitle(title: string): string {
  const plugin = /^(\w[\w-]*)\.menu$/.exec(title)?.[1]
  return menuTitles.value[title] ?? (plugin ? plugin[0]!.toUpperCase() + plugin.slice(1) : title)
}

watch(language, loadTexts)
