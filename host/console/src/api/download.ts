import { ApiFailure } from './failure'
import { authorized } from './client'

/** Some browsers begin to read only after a while. */
const READ_MS = 60_000

/** Downloads a file that only those with a token get, and hands it to the browser to keep. */
export async function download(path: string, name: string): Promise<void> {
  const response = await authorized(new Request(new URL(path, location.origin)))
  if (!response.ok) {
    const body: unknown = await response.json().catch(() => undefined)
    throw ApiFailure.of(response.status, body, response.headers.get('x-request-id'))
  }
  const address = URL.createObjectURL(await response.blob())
  const link = Object.assign(document.createElement('a'), { href: address, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), READ_MS)
}
