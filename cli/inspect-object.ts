/** Object files: the record that each carries, and for data every byte against its checksums. */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Disk } from '#base/environment.ts'
import { BLOCK_BYTES } from '#base/limits.ts'
import { METADATA_XATTR, readRecord } from '#object-server/data-file.ts'
import type { ObjectFile } from '#object-server/layout.ts'
import type { DataRecord } from '#object-server/object-state.ts'
import { decodeRecord, type StoredRecord } from '#object-server/stored-bytes.ts'
import type { Inspection } from './inspect.ts'

/** Reads the file whole. */
export async function inspectObjectFile(disk: Disk, path: string, name: ObjectFile): Promise<Inspection> {
  try {
    return name.kind === 'data' ? await inspectData(disk, path, name) : await inspectSmall(disk, path, name)
  } catch (error) {
    return damaged(`object ${name.kind}`, error instanceof Error ? error.message : String(error))
  }
}

/** A file that is being written, or was when its process died: nothing in it was ever acknowledged. */
export async function inspectTemporary(disk: Disk, path: string): Promise<Inspection> {
  const [{ sizeBytes }, found] = await Promise.all([disk.stat(path), readRecord(disk, path)])
  const record = found.kind === 'damaged' ? undefined : found.version.record
  const { name, timestamp, etag } = record ?? {}
  const facts = { 'bytes so far': sizeBytes, record: record === undefined ? 'not yet' : 'complete' }
  return { what: 'object that is being written', facts: { ...facts, name, timestamp, etag }, problems: [] }
}

async function inspectData(disk: Disk, path: string, name: ObjectFile): Promise<Inspection> {
  const found = await readRecord(disk, path)
  if (found.kind === 'damaged') return damaged('object data', found.reason)
  const { record, fileBytes } = found.version
  const { etag, problems } = await readBody(disk, path, record)
  const hasXattr = (await disk.getXattr(path, METADATA_XATTR).catch(() => undefined)) !== undefined
  if (etag !== record.etag) problems.push(`the body has MD5 ${etag}, not ${record.etag}`)
  return {
    what: 'object data',
    facts: {
      name: record.name,
      timestamp: record.timestamp,
      'hash of the name': name.hash,
      bytes: record.sizeBytes,
      'bytes of the file': fileBytes,
      etag: record.etag,
      'content type': record.contentType,
      'metadata in': hasXattr ? `attribute ${METADATA_XATTR}` : 'trailer',
      blocks: record.blockCrcs.length,
      headers: record.headers,
    },
    problems: [...problems, ...placeProblems(record.timestamp, name)],
  }
}

async function inspectSmall(disk: Disk, path: string, name: ObjectFile): Promise<Inspection> {
  const record = decodeRecord(await disk.readFile(path))
  const what = name.kind === 'meta' ? 'object metadata' : 'tombstone'
  const facts = record && smallFacts(record)
  if (facts === undefined) return damaged(what, 'no readable record: wrong magic, version or checksum')
  return {
    what,
    facts: { ...facts, 'hash of the name': name.hash },
    problems: placeProblems(String(facts['timestamp']), name),
  }
}

function smallFacts(record: StoredRecord): Readonly<Record<string, unknown>> | undefined {
  switch (record.kind) {
    case 'meta': {
      const { name, timestamp, headers, contentType } = record.meta
      return {
        name,
        timestamp,
        'content type': contentType?.value,
        'content type of': contentType?.timestamp,
        headers,
      }
    }
    case 'tombstone':
      return { name: record.name, timestamp: record.timestamp }
    case 'data':
      return undefined
  }
}

/** Whether name and hash belong together only the cluster's salt can tell. */
function placeProblems(timestamp: string, name: ObjectFile): readonly string[] {
  return timestamp === name.timestamp
    ? []
    : [`the timestamp inside is ${timestamp}, the file's name says ${name.timestamp}`]
}

/** MD5 of the body, and the blocks that do not match their CRC. */
async function readBody(
  disk: Disk,
  path: string,
  { sizeBytes, blockCrcs }: DataRecord,
): Promise<{ readonly etag: string; readonly problems: string[] }> {
  const file = await disk.openRead(path)
  const md5 = createHash('md5')
  const problems: string[] = []
  try {
    const block = Buffer.alloc(Math.min(BLOCK_BYTES, sizeBytes))
    for (let number = 0; number * BLOCK_BYTES < sizeBytes; number += 1) {
      const bytes = block.subarray(0, Math.min(BLOCK_BYTES, sizeBytes - number * BLOCK_BYTES))
      await file.read(bytes, number * BLOCK_BYTES)
      md5.update(bytes)
      if (crc32(bytes) !== blockCrcs[number]) problems.push(`block ${number} does not match its CRC`)
    }
  } finally {
    await file.close()
  }
  return { etag: md5.digest('hex'), problems }
}

function damaged(what: string, problem: string): Inspection {
  return { what, facts: {}, problems: [problem] }
}
