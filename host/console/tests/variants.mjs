// Other versions of a bundle, made of the one that is packed.
import { readFileSync } from 'node:fs'
import { strToU8, unzipSync, zipSync } from 'fflate'
import { ask, bundle } from './support.mjs'

const PACKED = '0.1.0'

/** The bundle of hello in another version, with another module; the version has as many characters. */
export function hello(version, module) {
  const entries = unzipSync(readFileSync(bundle('hello')))
  for (const [name, bytes] of Object.entries(entries)) if (!name.startsWith('ui/')) replace(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), version)
  if (module !== undefined) entries['ui/hello.js'] = strToU8(module)
  return zipSync(entries, { level: 1 })
}

/** Replaces what is installed by a bundle. */
export async function upgrade(token, bytes) {
  const form = new FormData()
  form.append('file', new Blob([bytes]), 'hello.zip')
  const answer = await ask(token, 'POST', '/api/v1/plugins/hello/upgrade', form)
  if (answer.code !== 200) throw new Error(`upgrade: ${answer.msg}`)
}

function replace(bytes, version) {
  for (let at = bytes.indexOf(PACKED); at >= 0; at = bytes.indexOf(PACKED, at + 1)) bytes.write(version, at)
}
