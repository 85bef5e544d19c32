import { ask, type Id } from '../../api/client'
import { fixed, label, set, type Choice, type Column, type Field, type Listing, type Row } from '../../parts/listing'
import { i18n, t } from '../../i18n'
import { may } from '../../state/session'

/** As much of OpenAPI as is read here. */
interface Schema {
  $ref?: string
  allOf?: Schema[]
  type?: string
  format?: string
  description?: string
  nullable?: boolean
  enum?: unknown[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  maxLength?: number
  minimum?: number
  maximum?: number
  pattern?: string
}
interface Parameter {
  name: string
  in: string
  schema?: Schema
  description?: string
  required?: boolean
}
export interface Operation {
  method: string
  path: string
  summary?: string
  tags?: string[]
  parameters?: Parameter[]
  requestBody?: { content: Record<string, { schema?: Schema }> }
  responses?: Record<string, { content?: Record<string, { schema?: Schema }> }>
  'x-permission'?: string
}
export interface Document {
  paths: Record<string, Record<string, Omit<Operation, 'method' | 'path'>>>
  components: { schemas: Record<string, Schema> }
}

/** What a plugin's page shows: its lists, and the operations that are part of none. */
export interface Resources {
  listings: Listing[]
  single: Operation[]
}

const LONG_CHARACTERS = 200
/** The field that holds a whole body. */
export const BODY = 'request body'
const PAGING = ['page', 'size', 'cursor']

/** An operation by its method and path. */
export function operationOf(document: Document, method: string, path: string): Operation | undefined {
  const one = document.paths[path]?.[method.toLowerCase()]
  return one && { ...one, method: method.toLowerCase(), path }
}

/** What may be written into an operation: its parameters, and its body as JSON. */
export function inputsOf(document: Document, operation: Operation): Field[] {
  const parameters = (operation.parameters ?? []).filter((one) => one.in !== 'header')
  const fields = parameters.map((one) => fieldOf(document, one.name, { description: one.description, ...one.schema }, one.required ?? false))
  const schema = body(document, operation)
  if (!schema.properties) return fields
  const sample = Object.fromEntries(Object.entries(schema.properties).map(([name, one]) => [name, sampleOf(whole(document, one))]))
  return [...fields, { key: BODY, label: fixed('JSON'), kind: 'area', initial: JSON.stringify(sample, null, 2) }]
}

function sampleOf(schema: Schema): unknown {
  if (schema.enum) return schema.enum[0]
  const samples: Record<string, unknown> = { string: '', integer: schema.minimum ?? 0, number: 0, boolean: false, array: [], object: {} }
  return samples[schema.type ?? ''] ?? null
}

/** Makes a page of a plugin's part of the document. */
export function resources(document: Document, plugin: string): Resources {
  const own = operations(document).filter((one) => one.tags?.includes(plugin))
  const lists = own.filter((one) => one.method === 'get' && !one.path.includes('{') && rowOf(document, one))
  const roots = lists.filter((list) => own.some((one) => one.method !== 'get' && one.path.startsWith(list.path)) || !nested(lists, list))
  const inLists = (one: Operation) => roots.some((root) => one.path === root.path || one.path.startsWith(`${root.path}/`))
  return {
    listings: roots.map((root) => listing(document, own, root)),
    single: own.filter((one) => !inLists(one) && may(one['x-permission'])),
  }
}

function nested(lists: Operation[], list: Operation): boolean {
  return lists.some((other) => other !== list && list.path.startsWith(`${other.path}/`))
}

function operations(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, one]) => ({ ...one, method, path })))
}

/** A schema with what it refers to. */
function whole(document: Document, schema: Schema | undefined): Schema {
  if (!schema) return {}
  const parts = [...(schema.allOf ?? []), ...(schema.$ref ? [document.components.schemas[schema.$ref.split('/').at(-1)!] ?? {}] : [])]
  const { $ref: _, allOf: __, ...own } = schema
  return parts.reduce<Schema>((sum, part) => ({ ...whole(document, part), ...sum }), own)
}

function answer(document: Document, one: Operation): Schema {
  const content = Object.entries(one.responses?.['200']?.content ?? {}).find(([kind]) => kind.startsWith('application/json'))?.[1]
  const envelope = whole(document, content?.schema)
  return whole(document, envelope.properties?.['data'])
}

/** The rows of a list, and whether they come in pages. */
function rowOf(document: Document, one: Operation): { row: Schema; paged: boolean } | undefined {
  const data = answer(document, one)
  const items = data.type === 'array' ? data.items : whole(document, data.properties?.['items']).items
  const row = whole(document, items)
  return row.properties ? { row, paged: data.type !== 'array' } : undefined
}

function body(document: Document, one: Operation | undefined): Schema {
  const content = Object.entries(one?.requestBody?.content ?? {}).find(([kind]) => kind.startsWith('application/json'))?.[1]
  return whole(document, content?.schema)
}

function listing(document: Document, own: Operation[], list: Operation): Listing {
  const { row, paged } = rowOf(document, list)!
  const one = (method: string, path: string) => own.find((other) => other.method === method && other.path.replace(/\{[^}]+\}/, '{}') === path)
  const create = one('post', list.path)
  const update = one('put', `${list.path}/{}`)
  const removeMany = one('delete', list.path)
  const removeOne = one('delete', `${list.path}/{}`)
  const at = (id: unknown) => `${list.path}/${encodeURIComponent(String(id))}`
  const ids = Object.keys(body(document, removeMany).properties ?? {})[0] ?? 'pks'
  const form = body(document, create ?? update)
  const query = (list.parameters ?? []).filter((parameter) => parameter.in === 'query' && !PAGING.includes(parameter.name))
  const names = Object.keys(row.properties!)
  return {
    title: fixed(named(list.path.split('/').at(-1)!)),
    paged,
    columns: names.filter((name) => name !== 'id' && !isLong(row.properties![name]!)).map((name) => columnOf(document, name, row.properties![name]!)),
    filters: query.map((parameter) => fieldOf(document, parameter.name, { description: parameter.description, ...parameter.schema }, false)),
    nameOf: (one) => String(one['title'] ?? one['name'] ?? one['label'] ?? one['id']),
    load: async ({ filters, page, size }) => {
      const search = new URLSearchParams(Object.entries({ ...set(filters), ...(paged ? { page, size } : {}) }).map(([key, value]) => [key, String(value)]))
      const data = await ask<Row[] | { items: Row[]; total: number }>('GET', `${list.path}?${search}`)
      return Array.isArray(data) ? { items: data, total: data.length } : data
    },
    form: {
      fields: Object.entries(form.properties ?? {}).map(([name, schema]) => fieldOf(document, name, schema, form.required?.includes(name) ?? false)),
      addCode: create?.['x-permission'],
      editCode: update?.['x-permission'],
      ...(create ? { create: (model: Row) => ask('POST', list.path, typed(document, form, model)) } : {}),
      ...(update ? { update: (one: Row, model: Row) => ask('PUT', at(one['id']), typed(document, form, model)) } : {}),
    },
    ...(removeMany || removeOne
      ? {
          remove: {
            code: (removeMany ?? removeOne)!['x-permission'] ?? '',
            many: Boolean(removeMany),
            run: (pks: Id[]) => (removeMany ? ask('DELETE', list.path, { [ids]: pks }) : ask('DELETE', at(pks[0]))),
          },
        }
      : {}),
  }
}

const booleans: Choice[] = [{ value: true, label: label('state.yes'), tone: 'good' }, { value: false, label: label('state.no'), tone: 'plain' }]

function isLong(schema: Schema): boolean {
  return schema.type === 'string' && /markdown|html/i.test(schema.description ?? '')
}

function columnOf(document: Document, name: string, schema: Schema): Column {
  const full = whole(document, schema)
  const choices = full.type === 'boolean' ? booleans : choicesOf(full)
  const isTime = /YYYY-MM-DD|date-time/.test(`${full.description} ${full.format}`)
  return { key: name, label: () => named(name), kind: isTime ? 'time' : choices ? 'choice' : 'text', ...(choices ? { choices } : {}), minor: name === 'updated_time' }
}

/** A field of a form or a filter. */
function fieldOf(document: Document, name: string, schema: Schema, required: boolean): Field {
  const full = whole(document, schema)
  const choices = choicesOf(full)
  const hint = choices || !full.description ? undefined : fixed(full.description)
  const field: Field = { key: name, label: () => named(name), kind: 'text', required, ...(hint ? { hint } : {}) }
  if (choices) return { ...field, kind: 'choice', choices, initial: required ? (name === 'status' ? choices.at(-1) : choices[0])!.value : null }
  if (full.type === 'boolean') return { ...field, kind: 'switch', required: false }
  if (full.type === 'integer' || full.type === 'number') {
    return { ...field, kind: 'number', initial: required ? (full.minimum ?? 0) : undefined, ...(full.minimum === undefined ? {} : { least: full.minimum }), ...(full.maximum === undefined ? {} : { most: full.maximum }) }
  }
  const isArea = full.maxLength === undefined ? /markdown|text|json/i.test(full.description ?? '') : full.maxLength > LONG_CHARACTERS
  return { ...field, kind: isArea ? 'area' : 'text', ...(full.maxLength ? { max: full.maxLength } : {}), ...(full.pattern ? { pattern: new RegExp(full.pattern) } : {}) }
}

/** An enumeration, or numbers with their meanings in words: `0 hidden, 1 shown`. */
function choicesOf(schema: Schema): Choice[] | undefined {
  if (schema.enum) return schema.enum.map((value) => ({ value, label: fixed(String(value)) }))
  const parts = (schema.description ?? '').split(/,\s*/).map((part) => /^(\d+)\s+(.+)$/.exec(part.trim()))
  if (schema.type !== 'integer' || parts.length < 2 || parts.some((part) => !part)) return undefined
  const isSwitch = parts.length === 2
  return parts.map((part) => ({ value: Number(part![1]), label: fixed(part![2]!), tone: isSwitch && part![1] === '1' ? 'good' : 'plain' }))
}

/** What is left empty is null where that is allowed. */
function typed(document: Document, form: Schema, model: Row): Row {
  return Object.fromEntries(
    Object.entries(model).map(([key, value]) => {
      const schema = whole(document, form.properties?.[key])
      return [key, value === '' && schema.nullable ? null : value]
    }),
  )
}

/** The console's word for a name, or the name in words. */
function named(name: string): string {
  const key = `field.${{ created_time: 'created', updated_time: 'updated' }[name] ?? name}`
  if (i18n.global.te(key)) return t(key)
  const words = name.replaceAll(/[_-]/g, ' ')
  return words[0]!.toUpperCase() + words.slice(1)
}

