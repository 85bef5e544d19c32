import { onBeforeUnmount, shallowRef } from 'vue'
import { api, payload, type Schemas } from '../api/client'

const PAUSE_MS = 2_500
/** Half an hour, as much as the server keeps. */
const SAMPLES_MAX = 360

export type Recent = Schemas['RecentTraffic']
export type Times = (number | null)[]

/** How often plugins were called, by plugin and moment. */
export interface Traffic {
  /** Seconds since 1970. */
  times: number[]
  /** By plugin, per second. */
  calls: Map<string, number[]>
  errors: Map<string, number[]>
  /** How long calls of all plugins took, in milliseconds. */
  latency: { p50: Times; p95: Times; p99: Times }
  /** The last minute of all plugins, and of each. */
  recent: Recent | undefined
  recentOf: Map<string, Recent>
  latest: Schemas['PluginDto'][]
}

export const traffic = shallowRef<Traffic>({ times: [], calls: new Map(), errors: new Map(), latency: { p50: [], p95: [], p99: [] }, recent: undefined, recentOf: new Map(), latest: [] })

let watchers = 0
let timer: ReturnType<typeof setTimeout> | undefined

/** Follows the server's samples while the component that calls this is there; what it has kept comes first. */
export function useTraffic(): typeof traffic {
  watchers += 1
  if (watchers === 1) void look()
  onBeforeUnmount(() => {
    watchers -= 1
    if (watchers === 0) clearTimeout(timer)
  })
  return traffic
}

/** What happened in a second, of what happened in an interval. */
export function perSecond(counts: number[], interval: number): number[] {
  return counts.map((count) => count / interval)
}

/** Times with gaps where nothing was called. */
export function gapped(times: number[]): Times {
  return times.map((time) => time || null)
}

/** The samples that are known, with those that are new, as many as are kept. */
export function longer<T>(known: T[], added: T[]): T[] {
  return added.length > 0 ? [...known, ...added].slice(-SAMPLES_MAX) : known
}

async function look(): Promise<void> {
  const after = traffic.value.times.at(-1) ?? 0
  const total = payload(api.GET('/api/v1/plugins/traffic', { params: { query: { after } } }))
  const [sampled, latest] = await Promise.all([total, payload(api.GET('/api/v1/plugins'))]).catch(() => [])
  if (sampled && latest) record(sampled, latest)
  if (watchers > 0) timer = setTimeout(() => void look(), PAUSE_MS)
}

function record({ history, interval_s: interval, plugins, recent }: Schemas['TotalTraffic'], latest: Schemas['PluginDto'][]): void {
  const { times, calls, errors, latency } = traffic.value
  // A plugin that has just come was not called before.
  const next = (known: Map<string, number[]>, key: 'calls' | 'errors') =>
    new Map(plugins.map((plugin) => [plugin.id, longer(known.get(plugin.id) ?? times.map(() => 0), perSecond(plugin[key], interval))]))
  traffic.value = {
    times: longer(times, history.times),
    calls: next(calls, 'calls'),
    errors: next(errors, 'errors'),
    latency: { p50: longer(latency.p50, gapped(history.p50_ms)), p95: longer(latency.p95, gapped(history.p95_ms)), p99: longer(latency.p99, gapped(history.p99_ms)) },
    recent,
    recentOf: new Map(plugins.map((plugin) => [plugin.id, plugin.recent])),
    latest,
  }
}
