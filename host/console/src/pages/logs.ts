import { t } from '../i18n'
import { label, type Action, type Row } from '../parts/listing'
import { agreed } from '../parts/notify'

/** Where an address is, as far as the server knows. */
export function place(row: Row): string {
  const parts = [row['country'], row['region'], row['city']].filter(Boolean)
  return parts.length > 0 ? parts.join(' ') : '–'
}

/** The action that empties a log. */
export function clearing(code: string, clear: () => Promise<unknown>): Action {
  return {
    label: label('action.clear'),
    code,
    danger: true,
    run: async () => {
      if (!(await agreed(t('confirm.clear'), t('action.clear')))) return false
      await clear()
      return true
    },
  }
}
