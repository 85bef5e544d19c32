import type { components } from './schema'

type Body = Partial<components['schemas']['Failure']>

/** A field that the server refused. */
export interface FieldFailure {
  field: string
  /** Where it is, from the body's first key on. */
  path: string[]
  text: string
}

/** A request that was refused or failed, with all that helps to find out why. */
export class ApiFailure extends Error {
  constructor(
    /** 0 when there was no answer. */
    readonly status: number,
    text: string,
    /** The request's id, as in the server's log. */
    readonly traceId: string = '',
    readonly fields: FieldFailure[] = [],
  ) {
    super(text)
    this.name = 'ApiFailure'
  }

  static of(status: number, body: unknown, traceId: string | null): ApiFailure {
    const { msg, trace_id, data } = (body ?? {}) as Body
    return new ApiFailure(status, msg ?? `HTTP ${status}`, trace_id ?? traceId ?? '', fields(data))
  }
}

function fields(details: unknown): FieldFailure[] {
  const errors = (details as { errors?: { loc?: string[]; msg?: string }[] } | null)?.errors
  if (!Array.isArray(errors)) return []
  return errors.map(({ loc = [], msg = '' }) => ({ field: String(loc.at(-1) ?? ''), path: loc.slice(1), text: msg }))
}
