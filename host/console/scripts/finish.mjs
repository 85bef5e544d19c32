// Writes what the server embeds: the build, with each text compressed beside it, into dist/.
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const build = join(root, 'build')
const dist = process.env.CONSOLE_DIST ?? join(root, 'dist')
const COMPRESSED = /\.(html|js|css|json|svg)$/
const FIRST_LOAD_BYTES_MAX = 250_000

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* files(path)
    else yield path
  }
}

for (const name of readdirSync(dist)) if (name !== '.gitignore') rmSync(join(dist, name), { recursive: true })
for (const path of files(build)) {
  const target = join(dist, relative(build, path))
  mkdirSync(dirname(target), { recursive: true })
  cpSync(path, target)
  if (!COMPRESSED.test(path)) continue
  const bytes = readFileSync(path)
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }
  const forms = { '.br': brotliCompressSync(bytes, quality), '.gz': gzipSync(bytes, { level: 9 }) }
  for (const [ending, form] of Object.entries(forms)) if (form.length < bytes.length) writeFileSync(target + ending, form)
}

// What a browser fetches before the login page is there.
const index = readFileSync(join(build, 'index.html'), 'utf8')
const first = [...index.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((found) => found[1])
const length = (name) => gzipSync(readFileSync(join(build, name)), { level: 9 }).length
const bytes = first.reduce((sum, name) => sum + length(name), gzipSync(index).length)
const total = [...files(build)].reduce((sum, path) => sum + statSync(path).size, 0)
console.log(`first load ${(bytes / 1000).toFixed(1)} kB gzip of at most ${FIRST_LOAD_BYTES_MAX / 1000}, all ${(total / 1000).toFixed(0)} kB`)
console.log(`sha256 of the index: ${createHash('sha256').update(index).digest('hex')}`)
if (bytes > FIRST_LOAD_BYTES_MAX) {
  console.error('the first load is too large: load what it does not need later')
  process.exit(1)
}
