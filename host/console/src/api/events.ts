import { authorized } from './client'

/** One server-sent event. */
export interface ServerEvent {
  id?: string
  data: string
}

/**
 * Hears the events of a stream until it ends; `fetch` rather than `EventSource`, which sends no token.
 * `opened` is called when it has begun. The answer says whether there was such a stream.
 */
export async function hearEvents(path: string, init: RequestInit, listener: (events: ServerEvent[]) => void, opened?: () => void): Promise<boolean> {
  const response = await authorized(new Request(new URL(path, location.origin), init))
  if (!response.ok || !response.body) return false
  opened?.()
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (let rest = ''; ; ) {
    const { value, done } = await reader.read()
    if (done) return true
    const blocks = (rest + value).split(/\r?\n\r?\n/)
    rest = blocks.pop() ?? ''
    const events = blocks.map(read).filter(({ data }) => data !== '')
    if (events.length > 0) listener(events)
  }
}

function read(block: string): ServerEvent {
  const values = (name: string) => block.split(/\r?\n/).filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trimStart())
  const [id] = values('id')
  return { ...(id !== undefined && { id }), data: values('data').join('\n') }
}
