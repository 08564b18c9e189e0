/** Archives for tests: tar by its own rules, so that broken ones can be made too. */

export interface TarEntry {
  readonly name: string | Buffer
  readonly body?: Buffer | string
  /** `0` a file (the default), `5` a directory, `2` a link, `x` extended records of the next entry… */
  readonly type?: string
  /** Extended attributes and other records, written before the entry. */
  readonly records?: Readonly<Record<string, string>>
}

const BLOCK = 512

/** A whole archive in the ustar format, with its end. */
export function tar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(2 * BLOCK)])
}

function blocksOf({ name, body = '', type = '0', records }: TarEntry): readonly Buffer[] {
  const bytes = Buffer.from(body)
  const own = [headOf(Buffer.from(name), bytes.length, type), padded(bytes)]
  if (records === undefined) return own
  const extended = Buffer.concat(Object.entries(records).map(([key, value]) => recordOf(key, value)))
  return [headOf(Buffer.from('records'), extended.length, 'x'), padded(extended), ...own]
}

/** `27 path=…`: a record begins with its own length. */
function recordOf(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest
  while (length !== rest + String(length).length) length = rest + String(length).length
  return Buffer.from(`${length} ${key}=${value}\n`)
}

function headOf(name: Buffer, sizeBytes: number, type: string): Buffer {
  const head = Buffer.alloc(BLOCK)
  name.copy(head, 0, 0, 100)
  head.write('0000644\0', 100)
  head.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, 124)
  head.write('00000000000\0', 136)
  head.write('        ', 148)
  head.write(type, 156)
  head.write('ustar\x0000', 257)
  const sum = head.reduce((total, byte) => total + byte, 0)
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return head
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)])
}
