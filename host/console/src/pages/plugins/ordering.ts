import { computed, onBeforeUnmount, reactive, ref, shallowRef } from 'vue'
import { onEvent } from '../../api/changes'
import { ApiFailure } from '../../api/failure'
import { apply, plan as planned, plugins, withdraw, type Detail, type Operation, type Order, type Plan } from '../../api/plugins'

const CONFLICT = 409

export type Stage = 'idle' | 'planning' | 'planned' | 'applying' | 'failed'

/** What an administrator has to agree to explicitly. */
export type Consent = 'drain' | 'capabilities'

/** An order on its way from being asked for over its plan to being done. */
export type Ordering = ReturnType<typeof useOrdering>

/** Plans orders and applies them; calls `done` when one is applied. */
export function useOrdering(done: (plan: Plan) => void) {
  const stage = ref<Stage>('idle')
  const plan = shallowRef<Plan>()
  /** The installed plugin, as it was when the plan was made. */
  const before = shallowRef<Detail>()
  const failure = shallowRef<unknown>()
  /** Why the installed version has to stop first. */
  const drainReason = shallowRef<unknown>()
  const record = shallowRef<Operation>()
  const agreed = ref(new Set<Consent>())
  const sent = ref(0)
  const step = ref<string>()
  const order = shallowRef<Order>()
  let turn = 0

  const consents = computed<Consent[]>(() => {
    // A new plugin is looked at as a whole; an installed one has been allowed something before.
    const asksMore = plan.value?.from_version && plan.value.capabilities_added.length > 0
    return [...(drainReason.value ? (['drain'] as const) : []), ...(asksMore ? (['capabilities'] as const) : [])]
  })
  const mayApply = computed(() => stage.value === 'planned' && consents.value.every((one) => agreed.value.has(one)))
  const isBusy = computed(() => stage.value === 'planning' || stage.value === 'applying')

  async function ask(asked: Order): Promise<void> {
    const own = ++turn
    forget()
    order.value = asked
    stage.value = 'planning'
    try {
      const answer = await planOf(asked)
      const known = answer.from_version ? await plugins.detail(answer.plugin) : undefined
      if (own !== turn) return void withdraw(answer)
      before.value = known
      plan.value = answer
      stage.value = 'planned'
    } catch (error) {
      if (own !== turn) return
      failure.value = error
      stage.value = 'failed'
    }
  }

  /** Where only a stop of the installed version is in the way, the plan with it is shown with the reason. */
  async function planOf(asked: Order): Promise<Plan> {
    const hear = (part: number) => (sent.value = part)
    try {
      return await planned(asked, hear)
    } catch (error) {
      const isRefused = error instanceof ApiFailure && error.status === CONFLICT
      if (!isRefused || !('file' in asked) || !asked.isUpgrade) throw error
      const drained = await planned({ ...asked, drain: true }, hear).catch(() => undefined)
      if (!drained || drained.operation !== 'upgrade') throw error
      drainReason.value = error
      return drained
    }
  }

  async function accept(): Promise<void> {
    const own = turn
    const accepted = plan.value!
    stage.value = 'applying'
    failure.value = undefined
    try {
      await apply(accepted)
      if (own !== turn) return
      plan.value = undefined
      stage.value = 'idle'
      done(accepted)
    } catch (error) {
      const found = await plugins.operations(accepted.plugin, 1, 1).catch(() => undefined)
      if (own !== turn) return
      record.value = found?.items.find(({ plan_hash }) => plan_hash === accepted.hash)
      failure.value = error
      stage.value = 'failed'
    }
  }

  function again(): void {
    if (order.value) void ask(order.value)
  }

  /** Lets go of what is shown; a plan that waits is withdrawn. */
  function forget(): void {
    if (stage.value === 'planned' && plan.value) void withdraw(plan.value)
    for (const one of [plan, before, failure, drainReason, record, step]) one.value = undefined
    agreed.value = new Set()
    sent.value = 0
    stage.value = 'idle'
  }

  function agree(consent: Consent, is: boolean): void {
    const next = new Set(agreed.value)
    if (is) next.add(consent)
    else next.delete(consent)
    agreed.value = next
  }

  const stop = onEvent((event) => {
    if (stage.value === 'applying' && event.id === plan.value?.plugin && event.step) step.value = event.step
  })
  onBeforeUnmount(() => {
    stop()
    turn += 1
    forget()
  })

  return reactive({ stage, plan, before, failure, drainReason, record, agreed, sent, step, consents, mayApply, isBusy, ask, accept, again, forget, agree })
}
