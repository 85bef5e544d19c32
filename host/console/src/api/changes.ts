import { hearEvents, type ServerEvent } from './events'
import { hear, tell } from './tabs'

/** A change of a plugin, as far as this user may know it; without an id, anything may have changed. */
export interface Change {
  id?: string
  version?: string
  state?: string
  /** What is being done, and the step that begins, where the state is `working`. */
  operation?: string | null
  step?: string | null
  reason?: string | null
  time?: string
}

type Listener = (change: Change) => void

const PAUSE_MS = 1_000
const listeners = new Set<Listener>()

/** Calls `listener` for each change, until the answer is called. Steps of what is being done are none. */
export function onChange(listener: Listener): () => void {
  return onEvent((change) => change.state !== 'working' && listener(change))
}

/** Calls `listener` for each event, steps too, until the answer is called. */
export function onEvent(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

hear((message) => {
  if (message.kind === 'change') announce(message.change)
})

/**
 * Watches the server until `signal` says stop. One tab of a browser holds the stream and tells the
 * others, since browsers open few connections to a server.
 */
export async function watch(path: string, signal: AbortSignal): Promise<void> {
  const work = () => hold(path, signal)
  if (!navigator.locks) return work()
  await navigator.locks.request('backplane-changes', { signal }, work).catch(() => undefined)
}

async function hold(path: string, signal: AbortSignal): Promise<void> {
  for (let first = true; !signal.aborted; first = false) {
    if (!first) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    await stream(path, signal, first).catch(() => undefined)
  }
}

async function stream(path: string, signal: AbortSignal, first: boolean): Promise<void> {
  const listener = (events: ServerEvent[]) => events.forEach(({ data }) => spread(JSON.parse(data) as Change))
  await hearEvents(path, { signal }, listener, () => {
    if (!first) spread({})
  })
}

function spread(change: Change): void {
  tell({ kind: 'change', change })
  announce(change)
}

function announce(change: Change): void {
  for (const listener of [...listeners]) listener(change)
}
