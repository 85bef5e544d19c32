import createClient from 'openapi-fetch'
import { ApiFailure } from './failure'
import type { components, paths } from './schema'
import { lose, renew, token } from './token'
import { language } from '../state/preferences'

export type Schemas = components['schemas']
/** A number, or a text where the server makes keys that are too large for one. */
export type Id = number | string

interface Outcome<Envelope> {
  data?: Envelope
  error?: unknown
  response: Response
}

/** The API, typed by the server's own document. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: authorized })

/** The payload of an answer. */
export async function payload<Envelope extends { data?: unknown }>(
  call: Promise<Outcome<Envelope>>,
): Promise<NonNullable<Envelope['data']>> {
  const { data, error, response } = await call
  const envelope = data as { code?: number; data?: unknown } | undefined
  const done = response.ok && error === undefined && (envelope?.code ?? 200) === 200
  if (!done) throw ApiFailure.of(response.status, error ?? data, response.headers.get('x-request-id'))
  return envelope?.data as NonNullable<Envelope['data']>
}

/** A request to any path, for routes that no document knew when the console was built. */
export async function ask<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
  const headers: HeadersInit = body === undefined ? {} : { 'content-type': 'application/json' }
  const content = body === undefined ? null : JSON.stringify(body)
  const response = await authorized(new Request(new URL(path, location.origin), { method, headers, body: content }))
  const text = await response.text()
  const answer = parsed(text)
  const code = (answer as { code?: number } | undefined)?.code ?? 200
  if (!response.ok || code !== 200) throw ApiFailure.of(response.status, answer, response.headers.get('x-request-id'))
  const isEnvelope = typeof answer === 'object' && answer !== null && 'code' in answer
  return (isEnvelope ? (answer as unknown as { data: T }).data : (answer ?? text)) as T
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `fetch` with the token; a token that has expired is renewed once. */
export async function authorized(request: Request): Promise<Response> {
  const again = request.clone()
  const response = await send(request)
  if (response.status !== 401 || !token.value || isAuth(request.url)) return response
  if (await renew()) return send(again)
  lose()
  return response
}

/** The headers of every request. */
export function headers(): Record<string, string> {
  const always = { 'accept-language': language.value }
  return token.value ? { ...always, authorization: `Bearer ${token.value}` } : always
}

function isAuth(url: string): boolean {
  return url.includes('/api/v1/auth/login') || url.includes('/api/v1/auth/refresh')
}

async function send(request: Request): Promise<Response> {
  for (const [name, value] of Object.entries(headers())) request.headers.set(name, value)
  try {
    return await fetch(request)
  } catch {
    const texts = { 'zh-CN': '无法连接到服务器', 'en-US': 'The server cannot be reached' }
    throw new ApiFailure(0, texts[language.value])
  }
}
