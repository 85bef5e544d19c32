/** What the JSON schema of a setting says, as far as an input needs it. */
export interface Schema {
  type?: string | string[]
  title?: string
  description?: string
  default?: unknown
  const?: unknown
  enum?: unknown[]
  oneOf?: Schema[]
  anyOf?: Schema[]
  items?: Schema
  minimum?: number
  maximum?: number
  maxLength?: number
  'x-secret'?: boolean
}

export type Kind = 'secret' | 'flag' | 'number' | 'choice' | 'list' | 'text' | 'json'

/** One choice of several. */
export interface Option {
  value: string | number
  label: string
}

/** Without what only says that it may be missing. */
export function essence(schema: Schema): Schema {
  const alternatives = (schema.anyOf ?? []).filter(({ type }) => type !== 'null')
  return alternatives.length === 1 ? { ...schema, ...essence(alternatives[0]!), anyOf: [] } : schema
}

export function typeOf({ type }: Schema): string | undefined {
  return Array.isArray(type) ? type.find((one) => one !== 'null') : type
}

export function kindOf(schema: Schema): Kind {
  const type = typeOf(schema)
  if (schema['x-secret']) return 'secret'
  if (options(schema).length > 0) return 'choice'
  if (type === 'boolean') return 'flag'
  if (type === 'integer' || type === 'number') return 'number'
  if (type === 'array' && schema.items && typeOf(schema.items) === 'string' && options(schema.items).length === 0) return 'list'
  return type === 'string' ? 'text' : 'json'
}

/** What may be chosen; nothing where that is not a list. */
export function options({ enum: values, oneOf = [] }: Schema): Option[] {
  const isPlain = (value: unknown): value is string | number => ['string', 'number'].includes(typeof value)
  if (values) return values.filter(isPlain).map((value) => ({ value, label: String(value) }))
  const found = oneOf.flatMap((one) => {
    if (isPlain(one.const)) return [{ value: one.const, label: one.description ? `${one.const}: ${one.description}` : String(one.const) }]
    return options(one)
  })
  return oneOf.every((one) => isPlain(one.const) || one.enum) ? found : []
}

/** What an input shows of a value. */
export function shown(kind: Kind, value: unknown): unknown {
  if (kind === 'json') return value === undefined || value === null ? '' : JSON.stringify(value, undefined, 2)
  if (kind === 'list') return Array.isArray(value) ? value : []
  if (kind === 'flag') return value === true
  return value ?? ''
}
