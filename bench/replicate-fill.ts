/** Puts the objects of a replication measurement, and counts what lies on a device. */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { objectName } from './operations.ts'
import { payloadOf } from './payload.ts'
import type { ReplicationPlan } from './replicate-report.ts'
import { SwiftSession } from './swift-session.ts'

export const ACCOUNT = 'AUTH_test'
export const CONTAINER = 'replication'
const TRIES = 5

/** Throws when an object cannot be put. */
export async function fill(url: string, plan: ReplicationPlan): Promise<void> {
  const session = await SwiftSession.open({ url, user: 'test:tester', key: 'testing' })
  await session.makeContainer(CONTAINER)
  let next = 0
  const connection = async (): Promise<void> => {
    while (next < plan.objects) {
      const index = next
      next += 1
      await put(session, index, plan.objectBytes)
    }
  }
  await Promise.all(Array.from({ length: plan.connections }, connection))
}

async function put(session: SwiftSession, index: number, objectBytes: number): Promise<void> {
  const target = `http://${session.host}:${session.port}${session.accountPath}/${CONTAINER}/${objectName(index)}`
  const { block } = payloadOf(index, objectBytes)
  for (let tries = 1; ; tries += 1) {
    const response = await fetch(target, {
      method: 'PUT',
      headers: { 'x-auth-token': session.token, 'content-type': 'application/octet-stream' },
      body: new Uint8Array(block),
    })
    await response.arrayBuffer()
    if (response.ok) return
    if (tries >= TRIES) throw new Error(`PUT of object ${index} was answered ${response.status}`)
  }
}

/** Data files below a directory. */
export function countDataFiles(folder: string): number {
  let count = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) count += countDataFiles(path.join(folder, entry.name))
    else if (entry.name.endsWith('.data')) count += 1
  }
  return count
}
