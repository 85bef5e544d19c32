import type { Component } from 'vue'

type Loader = () => Promise<{ default: Component }>

/** The console's own pages, by the components that menu entries name. */
const pages: Record<string, Loader> = {
  '/dashboard/analytics/index': () => import('../pages/dashboard/DashboardPage.vue'),
  '/dashboard/workspace/index': () => import('../pages/WorkspacePage.vue'),
  '/system/dept/index': () => import('../pages/DeptPage.vue'),
  '/system/user/index': () => import('../pages/UserPage.vue'),
  '/system/role/index': () => import('../pages/RolePage.vue'),
  '/system/menu/index': () => import('../pages/MenuPage.vue'),
  '/system/data-permission/scope/index': () => import('../pages/DataScopePage.vue'),
  '/system/data-permission/rule/index': () => import('../pages/DataRulePage.vue'),
  '/system/plugin/index': () => import('../pages/plugins/PluginsPage.vue'),
  '/log/login/index': () => import('../pages/LoginLogPage.vue'),
  '/log/opera/index': () => import('../pages/OperaLogPage.vue'),
  '/monitor/online/index': () => import('../pages/SessionPage.vue'),
  '/monitor/redis/index': () => import('../pages/CachePage.vue'),
  '/monitor/server/index': () => import('../pages/ServerPage.vue'),
  '/_core/profile/index': () => import('../pages/ProfilePage.vue'),
}

/** The page for a component of a menu entry, if the console has it. */
export function pageOf(component: string | null | undefined): Loader | undefined {
  return pages[component ?? '']
}

/** The path below the API of the resource that a menu entry shows. */
export function resourceOf(component: string | null | undefined): string | undefined {
  return /^resource:(\/.*)$/.exec(component ?? '')?.[1]
}

/** The plugin whose OpenAPI document describes the page of a menu entry. */
export function pluginOf(component: string | null | undefined, path: string | null | undefined): string | undefined {
  const named = /^\/plugins\/([\w-]+)\//.exec(component ?? '')?.[1]
  return named ?? (component ? undefined : path?.split('/')[1])
}
