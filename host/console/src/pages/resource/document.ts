import { ask, type Id } from '../../api/client'
import { fixed, set, type Field, type Listing, type Row } from '../../parts/listing'
import { may } from '../../state/session'
import { columnOf, fieldOf, filterOf, isLong, typed } from './fields'
import { named, whole, type Document, type Operation, type Schema } from './schema'

/** Where the API is that plugins name their resources below. */
const PREFIX = '/api/v1'

/** What a plugin's page shows: its lists, and the operations that are part of none. */
export interface Resources {
  listings: Listing[]
  single: Operation[]
}

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

/** The list of one resource, of this plugin if one is named, by its path below the API. */
export function resource(document: Document, path: string, plugin?: string): Listing | undefined {
  const root = `${PREFIX}${path}`
  const own = operations(document).filter((one) => (one.path === root || one.path.startsWith(`${root}/`)) && (!plugin || one.tags?.includes(plugin)))
  const list = own.find((one) => one.method === 'get' && one.path === root && rowOf(document, one))
  return list && listing(document, own, list)
}

function nested(lists: Operation[], list: Operation): boolean {
  return lists.some((other) => other !== list && list.path.startsWith(`${other.path}/`))
}

function operations(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, one]) => ({ ...one, method, path })))
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
  const read = one('get', `${list.path}/{}`)
  const removeMany = one('delete', list.path)
  const removeOne = one('delete', `${list.path}/{}`)
  const at = (id: unknown) => `${list.path}/${encodeURIComponent(String(id))}`
  const ids = Object.keys(body(document, removeMany).properties ?? {})[0] ?? 'pks'
  const [added, changed] = [body(document, create), body(document, update)]
  const query = (list.parameters ?? []).filter((parameter) => parameter.in === 'query' && !PAGING.includes(parameter.name))
  const names = Object.keys(row.properties!)
  const isInRow = (form: Schema) => Object.keys(form.properties ?? {}).every((name) => names.includes(name))
  return {
    title: () => named(list.path.split('/').at(-1)!),
    paged,
    columns: names.filter((name) => name !== 'id' && !isLong(row.properties![name]!)).map((name) => columnOf(document, name, row.properties![name]!)),
    filters: query.map((parameter) => filterOf(document, parameter.name, { description: parameter.description, ...parameter.schema })),
    nameOf: (one) => String(one['title'] ?? one['name'] ?? one['label'] ?? one['id']),
    load: async ({ filters, page, size }) => {
      const search = new URLSearchParams(Object.entries({ ...set(filters), ...(paged ? { page, size } : {}) }).map(([key, value]) => [key, String(value)]))
      const data = await ask<Row[] | { items: Row[]; total: number }>('GET', `${list.path}?${search}`)
      return Array.isArray(data) ? { items: data, total: data.length } : data
    },
    form: {
      fields: inputs(document, added, changed),
      addCode: create?.['x-permission'],
      editCode: update?.['x-permission'],
      ...(create ? { create: (model: Row) => ask('POST', list.path, typed(document, added, model)) } : {}),
      ...(update ? { update: (one: Row, model: Row) => ask('PUT', at(one['id']), typed(document, changed, model)) } : {}),
      ...(read && !isInRow(changed) ? { read: (one: Row) => ask<Row>('GET', at(one['id'])) } : {}),
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

/** The fields of both forms; one that only one of them has is shown in that one. */
function inputs(document: Document, added: Schema, changed: Schema): Field[] {
  const of = (form: Schema) => Object.entries(form.properties ?? {}).map(([name, schema]) => fieldOf(document, name, schema, form.required?.includes(name) ?? false))
  const has = (form: Schema, name: string) => name in (form.properties ?? {})
  const only = (fields: Field[], other: Schema, isForNew: boolean) =>
    fields.map((field) => (has(other, field.key) ? field : { ...field, shown: (_: Row, isNew: boolean) => isNew === isForNew }))
  return [...only(of(added), changed, true), ...only(of(changed), added, false).filter(({ key }) => !has(added, key))]
}
