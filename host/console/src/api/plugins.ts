import { ApiFailure } from './failure'
import { api, ask, headers, payload, type Schemas } from './client'
import { renew } from './token'

export type Detail = Schemas['PluginDetailDto']

/** A plugin as the list shows it: what the server says of its state and of its manifest. */
export type Plugin = Schemas['PluginDto'] & { description: string; author: string; tags: string[]; depends_on: string[] }

/** What would change, before anything does. */
export type Plan = Schemas['PluginPlan']

export type Order =
  | { action: 'install' | 'upgrade'; file: File }
  | { action: 'enable' | 'disable' | 'rollback' | 'uninstall'; id: string; data?: 'keep' | 'purge' }

type Manifest = { plugin: { name: string; description?: string; author?: string; tags?: string[]; depends_on?: string[] } }

const PLANS = '/api/v1/plugins/plans'

export async function listPlugins(): Promise<Plugin[]> {
  const [states, manifests] = await Promise.all([payload(api.GET('/api/v1/plugins')), payload(api.GET('/api/v1/sys/plugins'))])
  const known = new Map((manifests as Manifest[]).map(({ plugin }) => [plugin.name, plugin]))
  return states.map((state) => {
    const { description = '', author = '', tags = [], depends_on = [] } = known.get(state.id) ?? {}
    return { ...state, description, author, tags, depends_on }
  })
}

const of = (plugin: string) => ({ params: { path: { plugin } } })

export const plugins = {
  detail: (id: string) => payload(api.GET('/api/v1/plugins/{plugin}', of(id))),
  enable: (id: string) => payload(api.POST('/api/v1/plugins/{plugin}/enable', of(id))),
  disable: (id: string) => payload(api.POST('/api/v1/plugins/{plugin}/disable', of(id))),
  rollback: (id: string) => payload(api.POST('/api/v1/plugins/{plugin}/rollback', of(id))),
  uninstall: (id: string, data: 'keep' | 'purge') =>
    payload(api.DELETE('/api/v1/plugins/{plugin}', { params: { path: { plugin: id }, query: { data } } })),
  install: (file: File, sent: Sent) => send<Detail>('/api/v1/plugins', file, sent),
  upgrade: (id: string, file: File, sent: Sent) => send<Detail>(`/api/v1/plugins/${encodeURIComponent(id)}/upgrade`, file, sent),
}

let planning: Promise<boolean> | undefined

/** Whether the server says beforehand what a change would do. */
export function hasPlans(): Promise<boolean> {
  planning ??= ask<{ paths: Record<string, unknown> }>('GET', '/openapi.json').then(
    ({ paths }) => PLANS in paths,
    () => false,
  )
  return planning
}

/** Asks what an order would change. */
export function plan(order: Order, sent: Sent): Promise<Plan> {
  return 'file' in order ? send<Plan>(PLANS, order.file, sent) : ask<Plan>('POST', PLANS, order)
}

/** Does what a plan says; refused when something has changed since. */
export function apply(order: Plan): Promise<unknown> {
  return ask('POST', `${PLANS}/${encodeURIComponent(order.id)}/apply`)
}

/** Hears how much of a file is sent, 0 to 1. */
export type Sent = (part: number) => void

async function send<T>(path: string, file: File, sent: Sent): Promise<T> {
  const first = await post(path, file, sent)
  const { status, body, trace } = first.status === 401 && (await renew()) ? await post(path, file, sent) : first
  const envelope = body as { code?: number; data?: T } | undefined
  if (status < 200 || status >= 300 || envelope?.code !== 200) throw ApiFailure.of(status, body, trace)
  return envelope.data as T
}

interface Posted {
  status: number
  body: unknown
  trace: string | null
}

/** Not `fetch`, which does not say how much is sent. */
function post(path: string, file: File, sent: Sent): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', path)
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value)
    request.responseType = 'json'
    request.upload.onprogress = (event) => sent(event.loaded / event.total)
    request.onload = () => resolve({ status: request.status, body: request.response, trace: request.getResponseHeader('x-request-id') })
    request.onerror = () => reject(new ApiFailure(0, 'The upload was cut off'))
    const form = new FormData()
    form.append('file', file)
    request.send(form)
  })
}
