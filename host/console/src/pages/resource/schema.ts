import { language } from '../../state/preferences'
import { i18n, t } from '../../i18n'

/** As much of OpenAPI as is read here. */
export interface Schema {
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
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  pattern?: string
}
export interface Parameter {
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

/** A schema with what it refers to. */
export function whole(document: Document, schema: Schema | undefined): Schema {
  if (!schema) return {}
  const parts = [...(schema.allOf ?? []), ...(schema.$ref ? [document.components.schemas[schema.$ref.split('/').at(-1)!] ?? {}] : [])]
  const { $ref: _, allOf: __, ...own } = schema
  return parts.reduce<Schema>((sum, part) => ({ ...whole(document, part), ...sum }), own)
}

/** A text in the chosen language: documents hold one, or `English | 中文`. */
export function spoken(text: string): string {
  const [english, chinese] = text.split(/\s+\|\s+/)
  return (language.value === 'zh-CN' ? chinese : undefined) ?? english ?? text
}

/** What a description says: a name in a paragraph of its own before the rest, if there are two. */
export function described(schema: Schema): { name?: string; words?: string } {
  const [first, ...rest] = (schema.description ?? '').split(/\n\s*\n/).map((part) => part.trim()).filter(Boolean)
  if (first === undefined) return {}
  return rest.length > 0 ? { name: first, words: rest.join(' ') } : { words: first }
}

/** The document's word for a field, else the console's, else the name in words. */
export function named(name: string, schema: Schema = {}): string {
  const own = described(schema).name
  if (own) return spoken(own)
  const key = `field.${{ created_time: 'created', updated_time: 'updated' }[name] ?? name}`
  if (i18n.global.te(key)) return t(key)
  const words = name.replaceAll(/[_-]/g, ' ')
  return words[0]!.toUpperCase() + words.slice(1)
}
