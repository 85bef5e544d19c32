import { onBeforeUnmount, shallowRef } from 'vue'
import { api, payload, type Schemas } from '../api/client'

const PAUSE_MS = 2_000
const SAMPLES_MAX = 150

/** How often plugins were called, by plugin and moment. */
export interface Traffic {
  /** Seconds since 1970. */
  times: number[]
  /** By plugin, per second. */
  calls: Map<string, number[]>
  errors: Map<string, number[]>
  latest: Schemas['PluginDto'][]
}

export const traffic = shallowRef<Traffic>({ times: [], calls: new Map(), errors: new Map(), latest: [] })

let watchers = 0
let timer: ReturnType<typeof setTimeout> | undefined
let before: { at: number; plugins: Map<string, Schemas['PluginDto']> } | undefined

/** Measures while the component that calls this is there. */
export function useTraffic(): typeof traffic {
  watchers += 1
  if (watchers === 1) void measure()
  onBeforeUnmount(() => {
    watchers -= 1
    if (watchers === 0) clearTimeout(timer)
  })
  return traffic
}

async function measure(): Promise<void> {
  const plugins = await payload(api.GET('/api/v1/plugins')).catch(() => undefined)
  if (plugins) record(plugins)
  if (watchers > 0) timer = setTimeout(() => void measure(), PAUSE_MS)
}

function record(plugins: Schemas['PluginDto'][]): void {
  const at = Date.now()
  const last = before
  before = { at, plugins: new Map(plugins.map((plugin) => [plugin.id, plugin])) }
  const { times, calls, errors } = traffic.value
  const seconds = last ? (at - last.at) / 1000 : 1
  // A plugin that was loaded anew counts from nothing.
  const rate = (now: number, then: number | undefined) => Math.max(0, now - (then ?? now)) / seconds
  const next = (all: Map<string, number[]>, key: 'calls' | 'errors') =>
    new Map(
      plugins.map((plugin) => {
        const values = all.get(plugin.id) ?? times.map(() => 0)
        return [plugin.id, [...values, rate(plugin[key], last?.plugins.get(plugin.id)?.[key])].slice(-SAMPLES_MAX)]
      }),
    )
  traffic.value = { times: [...times, at / 1000].slice(-SAMPLES_MAX), calls: next(calls, 'calls'), errors: next(errors, 'errors'), latest: plugins }
}
