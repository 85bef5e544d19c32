import { shallowRef } from 'vue'
import { onEvent } from '../api/changes'

/** What is being done with a plugin. */
export interface Work {
  operation: string
  step: string
}

const UNDER_WAY = ['starting', 'draining', 'stopped']

/** What is being done with plugins now, by anybody, by plugin. */
export const work = shallowRef(new Map<string, Work>())

onEvent(({ id, state = '', operation, step }) => {
  if (UNDER_WAY.includes(state)) return
  const next = new Map(work.value)
  // Without an id the stream was cut off: what happened meanwhile is not known.
  if (!id) next.clear()
  else if (state === 'working' && operation && step) next.set(id, { operation, step })
  else next.delete(id)
  work.value = next
})
