import type { Tone } from '../../parts/listing'

export function stateTone(state: string): Tone {
  return state === 'enabled' ? 'good' : state === 'failed' || state === 'quarantined' ? 'bad' : 'plain'
}

/** Bytes for people. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return `${(bytes / 1024 ** power).toFixed(power > 1 ? 1 : 0)} ${units[power]}`
}
