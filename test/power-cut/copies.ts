/** What `copy-writer.ts` leaves, and what is wrong with what a loss of power left of it. */
import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { ArrivedCopy } from '#object-server/copy-writes.ts'
import type { DiskEngine } from '#object-server/disk-engine.ts'
import { bodyOf, second } from '#object-server/engine-contract.ts'
import type { ReplicaAccess } from '#object-server/replica-access.ts'
import { openObjects } from './devices.ts'
import type { PowerCut } from './recorder.ts'

export const COPIES: readonly string[] = Array.from({ length: 12 }, (_, at) => `/a/c/copy-${at}`)
export const VERSIONS = 2

function textOf(name: string, version: number): string {
  return `version ${version} of ${name}`
}

export function arrivedCopy(replica: ReplicaAccess, name: string, version: number): ArrivedCopy {
  const body = Buffer.from(textOf(name, version))
  const record = {
    name,
    timestamp: second(version),
    sizeBytes: body.length,
    etag: hash('md5', body),
    contentType: 'text/plain',
    headers: {},
    blockCrcs: [crc32(body)],
  }
  return { hash: replica.hashOf(name), record, body }
}

/** A sentence when an acknowledged copy is not there whole, `undefined` when everything is as it must be. */
export async function copiesProblem({ directory, printed }: PowerCut): Promise<string | undefined> {
  const isNew = printed.length === 0
  const device = await openObjects(directory, isNew ? 'part_of_new_cluster' : 'may_have_held_data')
  try {
    if ((await device.quarantinedFiles()).get(0) !== 0) return 'a file had to be quarantined'
    const engine = device.engine(0) as DiskEngine
    let present = 0
    for (const name of COPIES) {
      const known = printed.filter((line) => line.startsWith(`${name} `)).length
      const body = await bodyOf(engine, name)
      const allowed = [known === 0 ? 'missing' : textOf(name, known), textOf(name, known + 1)]
      if (!allowed.includes(body)) return `${name}: saw "${body}", allowed: ${allowed.join(' or ')}`
      if (body !== 'missing') present += 1
    }
    const { count } = engine.digestBelow('')
    return count === present ? undefined : `the digest counts ${count} objects instead of ${present}`
  } finally {
    await device.close()
  }
}
