import { onBeforeUnmount, shallowRef, watch, type ComputedRef } from 'vue'
import { hearEvents, type ServerEvent } from '../../api/events'
import type { Schemas } from '../../api/client'
import { language } from '../../state/preferences'

export type LogLine = Schemas['PluginLogEvent']
export type Level = LogLine['level']

export const LEVELS: Level[] = ['trace', 'debug', 'info', 'warn', 'error']
/** Lines that the page remembers; the oldest go. */
const LINES_MAX = 2_000
/** What comes within this time is shown at once. */
const GATHER_MS = 120
const PAUSE_MS = 1_000

/** The lines about a plugin, as long as `listening`; they go on where they were left. */
export function useLog(id: () => string, listening: ComputedRef<boolean>) {
  const lines = shallowRef<LogLine[]>([])
  let gathered: LogLine[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let stream: AbortController | undefined

  function take(events: ServerEvent[]): void {
    gathered.push(...events.map(({ data }) => JSON.parse(data) as LogLine))
    timer ??= setTimeout(show, GATHER_MS)
  }

  function show(): void {
    timer = undefined
    const known = lines.value.at(-1)?.id ?? 0
    // After a restart of the server its lines come again.
    lines.value = [...lines.value, ...gathered.filter((line) => line.id > known)].slice(-LINES_MAX)
    gathered = []
  }

  async function listen(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const last = gathered.at(-1)?.id ?? lines.value.at(-1)?.id
      const headers: HeadersInit = last === undefined ? {} : { 'last-event-id': String(last) }
      await hearEvents(`/api/v1/plugins/${encodeURIComponent(id())}/logs/events`, { signal, headers }, take).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }

  function end(): void {
    stream?.abort()
    stream = undefined
  }

  watch(listening, (on) => {
    end()
    if (!on) return
    stream = new AbortController()
    void listen(stream.signal)
  }, { immediate: true })
  watch(id, () => (lines.value = []))
  onBeforeUnmount(() => {
    end()
    clearTimeout(timer)
  })
  return { lines, clear: () => (lines.value = []) }
}

/** The time of a line, to the millisecond. */
export function clock(line: LogLine): string {
  return new Intl.DateTimeFormat(language.value, { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hourCycle: 'h23' }).format(line.unix_ms)
}

/** A line as one text. */
export function written(line: LogLine): string {
  const parts = [new Date(line.unix_ms).toISOString(), line.level.toUpperCase(), `${line.target}@${line.version}`, line.message, line.fields, line.trace_id]
  return parts.filter(Boolean).join(' ')
}
