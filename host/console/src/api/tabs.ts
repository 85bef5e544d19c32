import type { Change } from './changes'

/** What tabs of one browser tell each other. */
export type Message =
  | { kind: 'token?' }
  | { kind: 'token'; token: string }
  | { kind: 'change'; change: Change }
  | { kind: 'left' }

const channel = new BroadcastChannel('backplane')

/** Tells the other tabs. */
export function tell(message: Message): void {
  channel.postMessage(message)
}

/** Hears what the other tabs tell, until the answer is called. */
export function hear(listener: (message: Message) => void): () => void {
  const handler = (event: MessageEvent<Message>) => listener(event.data)
  channel.addEventListener('message', handler)
  return () => channel.removeEventListener('message', handler)
}
