import { api, payload } from '../api/client'
import { menuTitle } from '../i18n'
import { treeChoices, type Choice } from '../parts/listing'

/** The departments, as a tree. */
export async function departments(): Promise<Choice[]> {
  const rows = await payload(api.GET('/api/v1/sys/depts'))
  return treeChoices(rows, (row) => String(row['name']))
}

/** The menu entries below which others may stand, as a tree. */
export async function parents(): Promise<Choice[]> {
  const rows = await payload(api.GET('/api/v1/sys/menus'))
  return treeChoices(withoutButtons(rows), (row) => menuTitle(String(row['title'])))
}

type Entry = { type: number; children?: Entry[] | null }

function withoutButtons<T extends Entry>(rows: T[]): T[] {
  const kept = rows.filter((row) => row.type !== 2)
  return kept.map((row) => ({ ...row, children: withoutButtons((row.children ?? []) as T[]) }))
}
