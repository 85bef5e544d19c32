import type { Component } from 'vue'
import type { Id } from '../api/client'
import { t } from '../i18n'

/** A text in the chosen language, now. */
export type Label = () => string
/** A row, or what a form holds. */
export type Row = Record<string, unknown>
export type Tone = 'good' | 'bad' | 'warn' | 'plain'

/** One of several. */
export interface Choice {
  value: unknown
  label: Label
  tone?: Tone
  children?: Choice[]
}

export interface Column {
  key: string
  label: Label
  kind?: 'text' | 'number' | 'time' | 'choice' | 'code' | 'switch'
  text?(row: Row): string
  choices?: Choice[]
  toggle?: Toggle
  /** Left out on narrow screens and where space lacks. */
  minor?: boolean
}

/** A switch in a row. */
export interface Toggle {
  code: string
  run(row: Row, on: boolean): Promise<unknown>
}

export interface Field {
  key: string
  label: Label
  /** A `date` is written as YYYY-MM-DD, a `moment` as the server writes times, an `instant` as RFC 3339 does. */
  kind: 'text' | 'password' | 'area' | 'number' | 'flag' | 'switch' | 'choice' | 'choices' | 'tree' | 'date' | 'moment' | 'instant'
  choices?: Choice[] | (() => Promise<Choice[]>)
  required?: boolean
  min?: number
  max?: number
  most?: number
  least?: number
  pattern?: RegExp
  /** It is written as JSON. */
  json?: boolean
  initial?: unknown
  hint?: Label
  /** An input of the page's own; it gets the field and what the form holds. */
  input?: Component
  /** Whether it is there, for what the form holds and whether something new is made. */
  shown?(model: Row, isNew: boolean): boolean
}

export interface Action {
  label: Label
  code?: string
  danger?: boolean
  shown?(row: Row): boolean
  /** True when the list has to be read again. */
  run(row: Row): Promise<boolean | void>
}

export interface Query {
  filters: Row
  page: number
  size: number
}

export interface Form {
  fields: Field[]
  addCode?: string
  editCode?: string
  create?(model: Row): Promise<unknown>
  update?(row: Row, model: Row): Promise<unknown>
  /** What to edit, where the row does not hold all of it. */
  read?(row: Row): Promise<Row>
}

/** A page with a list, in words. */
export interface Listing {
  title: Label
  columns: Column[]
  filters?: Field[]
  tree?: boolean
  paged?: boolean
  load(query: Query): Promise<{ items: Row[]; total: number }>
  nameOf(row: Row): string
  form?: Form
  remove?: { code: string; many?: boolean; run(ids: Id[]): Promise<unknown> }
  actions?: Action[]
  /** What concerns the whole list. */
  whole?: Action[]
  emptyHint?: Label
}

/** A text by its key. */
export function label(key: string): Label {
  return () => t(key)
}

/** A text as it is. */
export function fixed(text: string): Label {
  return () => text
}

/** 1 and 0, as most tables have them. */
export const statuses: Choice[] = [
  { value: 1, label: label('state.enabled'), tone: 'good' },
  { value: 0, label: label('state.disabled'), tone: 'plain' },
]
export const yesNo: Choice[] = [
  { value: 1, label: label('state.yes'), tone: 'good' },
  { value: 0, label: label('state.no'), tone: 'plain' },
]

/** The choice for a value. */
export function choiceOf(choices: Choice[] | undefined, value: unknown): Choice | undefined {
  return choices?.find((choice) => choice.value === value || (typeof choice.value === 'number' && choice.value === Number(value)))
}

/** Filters without those that are not set. */
export function set(filters: Row): Row {
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== '' && value !== null && value !== undefined))
}

/** A column and a field of the common kind. */
export function column(key: string, more: Partial<Column> = {}): Column {
  return { key, label: label(`field.${key}`), ...more }
}
export function field(key: string, kind: Field['kind'] = 'text', more: Partial<Field> = {}): Field {
  return { key, label: label(`field.${key}`), kind, ...more }
}

/** Rows of a tree as choices. */
export function treeChoices(rows: Row[], name: (row: Row) => string): Choice[] {
  return rows.map((row) => {
    const children = treeChoices((row['children'] as Row[] | null) ?? [], name)
    const text = name(row)
    return { value: row['id'], label: () => text, ...(children.length > 0 ? { children } : {}) }
  })
}
