// Bundles that are made of others, as tests need them: another version, another manifest.
import { readFileSync } from 'node:fs'
import { unzipSync, zipSync } from 'fflate'
import { bundle } from './support.mjs'

/** A packed bundle with texts replaced by others of the same length, and its manifest changed. */
export function variant(name, { replace = [], manifest = (text) => text } = {}) {
  const entries = Object.entries(unzipSync(readFileSync(bundle(name)))).map(([entry, bytes]) => {
    const replaced = replace.reduce((all, [from, to]) => swap(all, Buffer.from(from), Buffer.from(to)), Buffer.from(bytes))
    return [entry, entry === 'plugin.toml' ? Buffer.from(manifest(replaced.toString())) : replaced]
  })
  return { name: `${name}.zip`, mimeType: 'application/zip', buffer: Buffer.from(zipSync(Object.fromEntries(entries), { level: 1 })) }
}

/** Jobs, events and services, and what they have to be asked for with. */
export const errands = () => variant('errands', { manifest: (text) => `${text}jobs = true\nevents = true\nservices = ["errands", "partner"]\n` })

function swap(bytes, from, to) {
  if (from.length !== to.length) throw new Error(`"${from}" and "${to}" differ in length`)
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + to.length)) to.copy(bytes, at)
  return bytes
}
