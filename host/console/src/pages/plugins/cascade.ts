import type { Plugin } from '../../api/plugins'

/** Those that serve and need a plugin, the outermost first: the order in which they stop. */
export function needing(id: string, all: Plugin[]): Plugin[] {
  const found: Plugin[] = []
  visit(id)
  return found

  function visit(needed: string): void {
    for (const plugin of all) {
      if (plugin.id === id || !plugin.depends_on.includes(needed) || plugin.state !== 'enabled' || found.includes(plugin)) continue
      visit(plugin.id)
      if (!found.includes(plugin)) found.push(plugin)
    }
  }
}

/** Those that a plugin needs and that do not serve, the innermost first; undefined where one is not installed. */
export function needed(id: string, all: Plugin[]): Plugin[] | undefined {
  const found: Plugin[] = []
  const seen = new Set<string>()
  return visit(id) ? found : undefined

  function visit(of: string): boolean {
    if (seen.has(of)) return true
    seen.add(of)
    const plugin = all.find((one) => one.id === of)
    if (!plugin || !plugin.depends_on.every(visit)) return false
    if (of !== id && plugin.state !== 'enabled') found.push(plugin)
    return true
  }
}
