import { language } from './preferences'
import { setup } from './setup'

const FORM = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)/

/** The moment that the server means by a time, which it writes in its own zone, or with a zone. */
export function moment(text: string): Date | undefined {
  if (/(Z|[+-]\d\d:\d\d)$/.test(text)) return new Date(text)
  const parts = FORM.exec(text)
  if (!parts) return undefined
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [number, number, number, number, number, number]
  const wall = Date.UTC(year, month - 1, day, hour, minute, second)
  // The offset is that of the moment itself; the second look is right beside a change of the clocks.
  const once = wall - offset(wall)
  return new Date(wall - offset(once))
}

/** A moment as the server writes it, in its own zone. */
export function serverTime(at: Date): string {
  return new Date(at.getTime() + offset(at.getTime())).toISOString().slice(0, 19).replace('T', ' ')
}

/** A time of the server in the zone of whoever looks at it. */
export function time(text: string | null | undefined): string {
  const at = text ? moment(text) : undefined
  if (!at) return text ?? ''
  const format = new Intl.DateTimeFormat(language.value, { dateStyle: 'medium', timeStyle: 'medium' })
  return format.format(at)
}

/** How long ago, in words. */
export function ago(text: string | null | undefined): string {
  const at = text ? moment(text) : undefined
  if (!at) return ''
  const seconds = Math.round((at.getTime() - Date.now()) / 1000)
  const units: [Intl.RelativeTimeFormatUnit, number][] = [['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]]
  const [unit, length] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1]
  return new Intl.RelativeTimeFormat(language.value, { numeric: 'auto' }).format(Math.round(seconds / length), unit)
}

/** Milliseconds by which the server's zone is ahead of UTC. */
function offset(at: number): number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: setup.time_zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric',
    hour: 'numeric', minute: 'numeric', second: 'numeric',
  })
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const wall = Date.UTC(part['year']!, part['month']! - 1, part['day'], part['hour'], part['minute'], part['second'])
  return wall - Math.floor(at / 1000) * 1000
}
