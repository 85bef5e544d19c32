import { ApiFailure } from './failure'
import { api, ask, headers, payload, type Schemas } from './client'
import { renew } from './token'

export type Detail = Schemas['PluginDetailDto']

/** A plugin as the list shows it: what the server says of its state and of its manifest. */
export type Plugin = Schemas['PluginDto'] & { description: string; author: string; tags: string[]; depends_on: string[] }

/** What would change, before anything does. */
export type Plan = Schemas['PluginPlan']

export type Diagnosis = Schemas['DiagnosisDto']
export type Snapshot = Schemas['SnapshotDto']
export type Job = Schemas['PluginJob']
export type Operation = Schemas['PluginOperation']
export type Settings = Schemas['PluginSettingsDto']

/** What is to be planned: a bundle that comes, as far as is known in the place of another one, or something with an installed plugin. */
export type Order = { file: File; isUpgrade?: boolean; drain?: boolean } | Schemas['PluginAction']

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
const copy = (plugin: string, snapshot: number) => ({ params: { path: { plugin, snapshot } } })

export const plugins = {
  detail: (id: string) => payload(api.GET('/api/v1/plugins/{plugin}', of(id))),
  enable: (id: string) => payload(api.POST('/api/v1/plugins/{plugin}/enable', of(id))),
  disable: (id: string) => payload(api.POST('/api/v1/plugins/{plugin}/disable', of(id))),
  release: (id: string) => payload(api.POST('/api/v1/plugins/{plugin}/release', of(id))),
  settings: (id: string) => payload(api.GET('/api/v1/plugins/{plugin}/settings', of(id))),
  configure: (id: string, changes: Record<string, unknown>) =>
    payload(api.PUT('/api/v1/plugins/{plugin}/settings', { ...of(id), body: changes })),
  examine: () => payload(api.GET('/api/v1/plugins/doctor')),
  repair: () => payload(api.POST('/api/v1/plugins/doctor/repair')),
  snapshots: (id: string) => payload(api.GET('/api/v1/plugins/{plugin}/snapshots', of(id))),
  takeSnapshot: (id: string, reason?: string) =>
    payload(api.POST('/api/v1/plugins/{plugin}/snapshots', { params: { path: { plugin: id }, query: reason ? { reason } : {} } })),
  restore: (id: string, snapshot: number) => payload(api.POST('/api/v1/plugins/{plugin}/snapshots/{snapshot}/restore', copy(id, snapshot))),
  deleteSnapshot: (id: string, snapshot: number) => payload(api.DELETE('/api/v1/plugins/{plugin}/snapshots/{snapshot}', copy(id, snapshot))),
  jobs: (id: string) => payload(api.GET('/api/v1/plugins/{plugin}/jobs', of(id))),
  runJob: (id: string, job: string) =>
    payload(api.POST('/api/v1/plugins/{plugin}/jobs/{job}/run', { params: { path: { plugin: id, job } } })),
  operations: (id: string, page = 1, size = 20) =>
    payload(api.GET('/api/v1/plugins/operations', { params: { query: { plugin: id, page, size } as never } })),
}

/** Asks what an order would change. */
export function plan(order: Order, sent: Sent): Promise<Plan> {
  if (!('file' in order)) return ask<Plan>('POST', PLANS, order)
  return send<Plan>(order.drain ? `${PLANS}?drain=true` : PLANS, order.file, sent)
}

const ofPlan = (order: Plan) => ({ params: { path: { id: order.id } } })

/** Does what a plan says; refused when something has changed since. */
export const apply = (order: Plan) => payload(api.POST('/api/v1/plugins/plans/{id}/apply', ofPlan(order)))

/** Forgets a plan, and the bundle with it; it would expire by itself. */
export async function withdraw(order: Plan): Promise<void> {
  await api.DELETE('/api/v1/plugins/plans/{id}', ofPlan(order)).catch(() => undefined)
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
