import { createRouter, createWebHistory } from 'vue-router'
import { resume } from './state/session'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/login', component: () => import('./pages/LoginPage.vue'), meta: { open: true } },
    { path: '/page/:plugin/:rest(.*)*', component: () => import('./shell/PlainPage.vue') },
    {
      path: '/',
      component: () => import('./shell/AppShell.vue'),
      children: ['', ':path(.*)+'].map((path) => ({ path, component: () => import('./shell/PageHost.vue') })),
    },
  ],
  scrollBehavior: () => ({ top: 0 }),
})

router.beforeEach(async (to) => {
  const known = await resume()
  if (to.meta['open']) return known ? String(to.query['to'] ?? '/') : true
  return known || { path: '/login', query: to.fullPath === '/' ? {} : { to: to.fullPath } }
})
