/** What a bundle's manifest says, as far as it is needed before the bundle is sent. */
export interface BundleHead {
  id: string
  version: string
}

const END = 0x06054b50
const ENTRY = 0x02014b50
const END_BYTES_MAX = 65_557
const DEFLATED = 8

/** Reads id and version out of a bundle; undefined where it is none. The server checks it anyway. */
export async function readHead(file: Blob): Promise<BundleHead | undefined> {
  try {
    const manifest = await readEntry(file, 'plugin.toml')
    const section = manifest?.split(/^\[plugin\]\s*$/m)[1]?.split(/^\[/m)[0] ?? ''
    const value = (key: string) => new RegExp(`^${key}\\s*=\\s*["']([^"']+)["']`, 'm').exec(section)?.[1]
    const [id, version] = [value('id'), value('version')]
    return id && version ? { id, version } : undefined
  } catch {
    return undefined
  }
}

/** A zip ends with a directory that says where each file begins. */
async function readEntry(file: Blob, wanted: string): Promise<string | undefined> {
  const tail = await view(file.slice(-END_BYTES_MAX))
  let end = tail.byteLength - 22
  while (end >= 0 && tail.getUint32(end, true) !== END) end -= 1
  if (end < 0) return undefined
  const start = tail.getUint32(end + 16, true)
  const directory = await view(file.slice(start, start + tail.getUint32(end + 12, true)))
  for (let at = 0; at + 46 <= directory.byteLength && directory.getUint32(at, true) === ENTRY; ) {
    const [name, extra, comment] = [28, 30, 32].map((offset) => directory.getUint16(at + offset, true)) as [number, number, number]
    const text = new TextDecoder().decode(new Uint8Array(directory.buffer, at + 46, name))
    if (text === wanted) return content(file, directory.getUint32(at + 42, true), directory.getUint32(at + 20, true), directory.getUint16(at + 10, true))
    at += 46 + name + extra + comment
  }
  return undefined
}

async function content(file: Blob, offset: number, packed: number, method: number): Promise<string> {
  const head = await view(file.slice(offset, offset + 30))
  const start = offset + 30 + head.getUint16(26, true) + head.getUint16(28, true)
  const bytes = file.slice(start, start + packed)
  if (method !== DEFLATED) return bytes.text()
  return new Response(bytes.stream().pipeThrough(new DecompressionStream('deflate-raw'))).text()
}

async function view(blob: Blob): Promise<DataView> {
  return new DataView(await blob.arrayBuffer())
}
