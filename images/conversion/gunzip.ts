/** Images that came compressed with gzip, unpacked as they flow (OpenStack Glance's import plugin `image_decompression`). */
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { BodyError } from '#http/message.ts'
import type { ByteSource } from '../data/image-store.ts'

/** RFC 1952, 2.3.1. */
const GZIP = Buffer.from([0x1f, 0x8b, 0x08])

export function isGzip(head: Buffer): boolean {
  return head.length >= GZIP.length && head.subarray(0, GZIP.length).equals(GZIP)
}

/** What was compressed is broken. */
export class BrokenGzip extends BodyError {
  constructor(cause: unknown) {
    super('SENDER_GONE', cause)
  }
}

/** The bytes as they are, or unpacked when they are gzip. Rejects with `BrokenGzip`, or with the source's own error. */
export async function* unpacked(source: ByteSource): AsyncGenerator<Buffer> {
  const iterator = source[Symbol.asyncIterator]()
  const held: Buffer[] = []
  let head = Buffer.alloc(0)
  while (head.length < GZIP.length) {
    const next = await iterator.next()
    if (next.done === true) break
    held.push(next.value)
    head = Buffer.concat([head, next.value.subarray(0, GZIP.length)])
  }
  const all = { [Symbol.asyncIterator]: () => rest(held, iterator) }
  yield* isGzip(head) ? gunzipped(all) : all
}

async function* rest(held: readonly Buffer[], iterator: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* held
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value
}

async function* gunzipped(source: ByteSource): AsyncGenerator<Buffer> {
  const failed = { by: undefined as unknown }
  const packed = Readable.from(remembering(source, failed), { objectMode: false })
  const gunzip = createGunzip()
  packed.on('error', (error) => gunzip.destroy(error))
  try {
    for await (const chunk of packed.pipe(gunzip)) yield chunk as Buffer
  } catch (error) {
    throw failed.by ?? new BrokenGzip(error)
  } finally {
    packed.destroy()
    gunzip.destroy()
  }
}

async function* remembering(source: ByteSource, failed: { by: unknown }): AsyncGenerator<Buffer> {
  try {
    yield* source
  } catch (error) {
    failed.by = error
    throw error
  }
}
