import { label, type Choice, type Column, type Field, type Row } from '../../parts/listing'
import { described, named, spoken, whole, type Document, type Schema } from './schema'

const LONG_CHARACTERS = 200
/** The server's own way to write a moment, and a day. */
const MOMENT = /YYYY-MM-DD HH:MM:SS/
const DAY = /YYYY-MM-DD/
const booleans: Choice[] = [{ value: true, label: label('state.yes'), tone: 'good' }, { value: false, label: label('state.no'), tone: 'plain' }]

/** Whether a text is too long for a table. */
export function isLong(schema: Schema): boolean {
  return schema.type === 'string' && /markdown|html/i.test(schema.description ?? '')
}

export function columnOf(document: Document, name: string, schema: Schema): Column {
  const full = whole(document, schema)
  const choices = full.type === 'boolean' ? booleans : choicesOf(full)
  const isTime = ['moment', 'instant'].includes(timeOf(full) ?? '')
  return { key: name, label: () => named(name, full), kind: isTime ? 'time' : choices ? 'choice' : 'text', ...(choices ? { choices } : {}), minor: name === 'updated_time' }
}

/** A field of a form. */
export function fieldOf(document: Document, name: string, schema: Schema, required: boolean): Field {
  const full = whole(document, schema)
  const { words } = described(full)
  const [choices, time] = [choicesOf(full), timeOf(full)]
  // How a time is written is the input's concern.
  const isSaid = words && !choices && !(time && DAY.test(words))
  const field: Field = { key: name, label: () => named(name, full), kind: 'text', required, ...(isSaid ? { hint: () => spoken(words) } : {}) }
  if (choices) return { ...field, kind: 'choice', choices, initial: required ? (name === 'status' ? choices.at(-1) : choices[0])!.value : null }
  if (time) return { ...field, kind: time }
  if (full.type === 'boolean') return { ...field, kind: 'switch', required: false }
  if (full.type === 'integer' || full.type === 'number') {
    return { ...field, kind: 'number', initial: required ? (full.minimum ?? 0) : undefined, ...(full.minimum === undefined ? {} : { least: full.minimum }), ...(full.maximum === undefined ? {} : { most: full.maximum }) }
  }
  if (full.type === 'array' || full.type === 'object') return listOf(document, field, full)
  const isArea = full.maxLength === undefined ? /markdown|text|json/i.test(words ?? '') : full.maxLength > LONG_CHARACTERS
  return {
    ...field,
    kind: isArea ? 'area' : 'text',
    ...(full.minLength ? { min: full.minLength } : {}),
    ...(full.maxLength ? { max: full.maxLength } : {}),
    ...(full.pattern ? { pattern: new RegExp(full.pattern) } : {}),
  }
}

/** A field of a filter: nothing is chosen before somebody chooses. */
export function filterOf(document: Document, name: string, schema: Schema): Field {
  const field = fieldOf(document, name, schema, false)
  return field.kind === 'switch' ? { ...field, kind: 'choice', choices: booleans, initial: null } : field
}

/** What a form holds, as the schema has it. What is left empty is null where that is allowed. */
export function typed(document: Document, form: Schema, model: Row): Row {
  return Object.fromEntries(Object.entries(model).map(([key, value]) => [key, sent(whole(document, form.properties?.[key]), value)]))
}

function sent(schema: Schema, value: unknown): unknown {
  if (value === '' && schema.nullable) return null
  const isJson = typeof value === 'string' && (schema.type === 'array' || schema.type === 'object')
  return isJson ? JSON.parse(value) : value
}

/** Several of an enumeration; everything else that is no single value is written as JSON. */
function listOf(document: Document, field: Field, schema: Schema): Field {
  const choices = choicesOf(whole(document, schema.items))
  if (schema.type === 'array' && choices) return { ...field, kind: 'choices', choices }
  const empty = schema.type === 'array' ? '[]' : '{}'
  return { ...field, kind: 'area', json: true, initial: field.required ? empty : '' }
}

/** How a time is written, if it is one. */
function timeOf(schema: Schema): 'date' | 'moment' | 'instant' | undefined {
  if (schema.type !== 'string') return undefined
  if (schema.format === 'date-time') return 'instant'
  if (MOMENT.test(schema.description ?? '')) return 'moment'
  return schema.format === 'date' || DAY.test(schema.description ?? '') ? 'date' : undefined
}

/** An enumeration, or numbers with their meanings in words: `0 hidden, 1 shown`. */
function choicesOf(schema: Schema): Choice[] | undefined {
  const { words = '' } = described(schema)
  if (schema.enum) return schema.enum.map((value) => ({ value, label: () => meaning(words, String(value)) ?? String(value) }))
  const values = spokenParts(words.split(/\s+\|\s+/)[0] ?? '').map(([value]) => value)
  if (schema.type !== 'integer' || values.length < 2 || values.some((value) => !/^\d+$/.test(value))) return undefined
  const isSwitch = values.length === 2
  return values.map((value) => ({ value: Number(value), label: () => meaning(words, value) ?? value, tone: isSwitch && value === '1' ? 'good' : 'plain' }))
}

/** What a description says that a value means: `draft not sent yet, sent delivered`. */
function meaning(words: string, value: string): string | undefined {
  return spokenParts(spoken(words)).find(([key]) => key === value)?.[1]
}

function spokenParts(words: string): [string, string][] {
  const parts = words.split(/[,，、]\s*/).map((part) => /^(\S+)\s+(.+)$/.exec(part.trim()))
  return parts.every(Boolean) ? parts.map((part) => [part![1]!, part![2]!]) : []
}
