import { shallowRef } from 'vue'
import { api, payload, type Schemas } from '../api/client'

export type MenuNode = Schemas['SidebarNode']

/** What the sidebar shows; undefined until it is known. */
export const menus = shallowRef<MenuNode[]>()

export async function loadMenus(): Promise<void> {
  menus.value = await payload(api.GET('/api/v1/sys/menus/sidebar'))
}

/** The entry with a path, and those above it. */
export function trail(path: string, nodes: MenuNode[] = menus.value ?? []): MenuNode[] {
  for (const node of nodes) {
    // A directory may have the path of its page.
    const below = trail(path, node.children ?? [])
    if (below.length > 0) return [node, ...below]
    if (node.path === path) return [node]
  }
  return []
}

/** All entries, each before those below it. */
export function entries(nodes: MenuNode[] = menus.value ?? []): MenuNode[] {
  return nodes.flatMap((node) => [node, ...entries(node.children ?? [])])
}

/** The path of the module with an element, while its plugin serves and an entry shows it. */
export function moduleOf(element: string): string | undefined {
  return entries().find((node) => node.meta.element?.name === element)?.meta.element?.module
}

/** The first page at or below an entry. */
export function firstPage(node: MenuNode): MenuNode | undefined {
  if (node.type === 1 || node.type === 3) return node
  for (const child of node.children ?? []) {
    const page = firstPage(child)
    if (page && !page.meta.hideInMenu) return page
  }
  return undefined
}
