// Bundles that are made of others, as tests need them: another version, another manifest.
import { inflateRawSync, crc32 } from 'node:zlib'
import { readFileSync } from 'node:fs'
import { bundle } from './support.mjs'

const END = 0x06054b50
const ENTRY = 0x02014b50
const LOCAL = 0x04034b50

/** A packed bundle with texts replaced by others of the same length, and its manifest changed. */
export function variant(name, { replace = [], manifest = (text) => text } = {}) {
  const entries = read(readFileSync(bundle(name))).map(({ name: entry, bytes }) => {
    const replaced = replace.reduce((all, [from, to]) => swap(all, Buffer.from(from), Buffer.from(to)), bytes)
    return { name: entry, bytes: entry === 'plugin.toml' ? Buffer.from(manifest(replaced.toString())) : replaced }
  })
  return { name: `${name}.zip`, mimeType: 'application/zip', buffer: write(entries) }
}

function swap(bytes, from, to) {
  if (from.length !== to.length) throw new Error(`"${from}" and "${to}" differ in length`)
  const result = Buffer.from(bytes)
  for (let at = result.indexOf(from); at >= 0; at = result.indexOf(from, at + to.length)) to.copy(result, at)
  return result
}

function read(zip) {
  let end = zip.length - 22
  while (zip.readUInt32LE(end) !== END) end -= 1
  const entries = []
  for (let at = zip.readUInt32LE(end + 16); zip.readUInt32LE(at) === ENTRY; ) {
    const [method, packed, name, extra, comment, offset] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30), zip.readUInt16LE(at + 32), zip.readUInt32LE(at + 42)]
    const start = offset + 30 + zip.readUInt16LE(offset + 26) + zip.readUInt16LE(offset + 28)
    const bytes = zip.subarray(start, start + packed)
    entries.push({ name: zip.toString('utf8', at + 46, at + 46 + name), bytes: method === 0 ? bytes : inflateRawSync(bytes) })
    at += 46 + name + extra + comment
  }
  return entries
}

/** Nothing is packed: tests are in no need of small files. */
function write(entries) {
  const [parts, directory] = [[], []]
  let offset = 0
  for (const { name, bytes } of entries) {
    const [path, head, entry] = [Buffer.from(name), Buffer.alloc(30), Buffer.alloc(46)]
    head.writeUInt32LE(LOCAL)
    head.writeUInt16LE(20, 4)
    head.writeUInt32LE(crc32(bytes), 14)
    head.writeUInt32LE(bytes.length, 18)
    head.writeUInt32LE(bytes.length, 22)
    head.writeUInt16LE(path.length, 26)
    entry.writeUInt32LE(ENTRY)
    entry.writeUInt16LE(20, 4)
    head.copy(entry, 6, 4, 30)
    entry.writeUInt32LE(offset, 42)
    parts.push(head, path, bytes)
    directory.push(entry, path)
    offset += 30 + path.length + bytes.length
  }
  const [listed, end] = [Buffer.concat(directory), Buffer.alloc(22)]
  end.writeUInt32LE(END)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(listed.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, listed, end])
}
