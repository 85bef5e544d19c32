// Compares openapi.json with the document of a running server, or writes it anew:
//   node scripts/api.mjs http://127.0.0.1:8000 [--write]
// Only the core's routes count: those of plugins come and go.
import { readFileSync, writeFileSync } from 'node:fs'

const [url, write] = process.argv.slice(2)
if (!url) throw new Error('the address of a server is missing')
const file = new URL('../openapi.json', import.meta.url)
const answer = await fetch(new URL('/openapi.json', url))
if (!answer.ok) throw new Error(`${url} answers ${answer.status}`)
const text = JSON.stringify(core(await answer.json()), null, 1) + '\n'

if (write === '--write') {
  writeFileSync(file, text)
} else if (readFileSync(file, 'utf8') !== text) {
  console.error(`host/console/openapi.json is not what the server says: node scripts/api.mjs ${url} --write`)
  process.exit(1)
}

/** A plugin's operations have its id as their tag, which nobody has described; its schemas begin with it. */
function core(document) {
  const schemas = document.components.schemas
  const plugins = new Set((document.tags ?? []).filter(({ description }) => !description).map(({ name }) => name))
  const isCore = ([, operations]) => !Object.values(operations).some((one) => one.tags?.some((tag) => plugins.has(tag)))
  document.paths = sorted(Object.entries(document.paths).filter(isCore))
  document.components.schemas = sorted(Object.entries(schemas).filter(([name]) => !name.includes('.')))
  delete document.tags
  delete document.info
  return { info: { title: 'Backplane', version: '1' }, ...document }
}

function sorted(entries) {
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
