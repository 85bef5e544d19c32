import type { Tone } from '../../parts/listing'

export function stateTone(state: string): Tone {
  return state === 'enabled' ? 'good' : state === 'failed' || state === 'quarantined' ? 'bad' : 'plain'
}

/** From which version to which, where that says something. */
export function versions({ from_version, to_version }: { from_version?: string | null; to_version?: string | null }): string {
  return [...new Set([from_version, to_version].filter(Boolean))].join(' → ')
}

/** Bytes for people. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return `${(bytes / 1024 ** power).toFixed(power > 1 ? 1 : 0)} ${units[power]}`
}

/** A time in milliseconds, as exact as it helps. */
export function milliseconds(time: number | null | undefined): string {
  if (time === null || time === undefined) return '–'
  if (time >= 1_000) return `${(time / 1_000).toFixed(2)} s`
  return `${time.toFixed(time >= 100 ? 0 : time >= 10 ? 1 : 2)} ms`
}

/** How long something took, in whole milliseconds. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${milliseconds} ms`
  const seconds = Math.round(milliseconds / 1_000)
  if (seconds < 60) return `${(milliseconds / 1_000).toFixed(1)} s`
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** So many in a second. */
export function rate(perSecond: number): string {
  return `${perSecond.toFixed(perSecond >= 100 ? 0 : perSecond >= 10 ? 1 : 2)}/s`
}
