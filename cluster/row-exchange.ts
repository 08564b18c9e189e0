/**
 * Brings two replicas of a container to the same rows within some stretches of names: each gets the rows that the other
 * has differently, deleted ones too. Merging decides which row is the newer, so it does not matter who gets what.
 */

import { ROWS_HEADER } from '#base/extensions.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { bufferBody, discard, EMPTY_BODY, type HeaderMap, readWhole } from '#http/message.ts'
import type { Stretch } from './listing-difference.ts'
import type { NodeClient } from './node-client.ts'
import type { StorageNode } from './storage-node.ts'

/** Rows looked at per stretch and replica; where more differ, the replicator is at work, not a listing. */
const ROWS_PER_STRETCH_MAX = 1000
/** Stretches of one listing. */
const STRETCHES_MAX = 32
const ROWS_BYTES_MAX = 8 * 1024 * 1024

export interface ContainerPlace {
  readonly path: string
  readonly partition: number
  readonly headers: HeaderMap
  readonly prefix: string | undefined
  readonly policyIndex: string | undefined
  readonly timestamp: Timestamp
}

interface Row {
  readonly name: string
}

/** Exchanges what differs. False when a replica could not be read or written, or there was too much. */
export async function exchangeRows(
  client: NodeClient,
  place: ContainerPlace,
  nodes: readonly [StorageNode, StorageNode],
  stretches: readonly Stretch[],
): Promise<boolean> {
  if (stretches.length > STRETCHES_MAX || !nodes.every((node) => client.can(node, 'rows'))) return false
  const done = await Promise.all(stretches.map((stretch) => exchangeStretch(client, place, nodes, stretch)))
  return done.every((one) => one)
}

async function exchangeStretch(
  client: NodeClient,
  place: ContainerPlace,
  [left, right]: readonly [StorageNode, StorageNode],
  stretch: Stretch,
): Promise<boolean> {
  const [ofLeft, ofRight] = await Promise.all([
    readRows(client, place, left, stretch),
    readRows(client, place, right, stretch),
  ])
  if (ofLeft === undefined || ofRight === undefined) return false
  const [toRight, toLeft] = [rowsUnlike(ofLeft, ofRight), rowsUnlike(ofRight, ofLeft)]
  const done = await Promise.all([
    sendRows(client, place, left, toLeft),
    sendRows(client, place, right, toRight),
  ])
  return done.every((one) => one)
}

/** Rows that the others do not have, or have differently. */
function rowsUnlike(rows: readonly Row[], others: readonly Row[]): readonly Row[] {
  const known = new Map(others.map((row) => [row.name, JSON.stringify(row)]))
  return rows.filter((row) => known.get(row.name) !== JSON.stringify(row))
}

async function readRows(
  client: NodeClient,
  place: ContainerPlace,
  node: StorageNode,
  { after, before }: Stretch,
): Promise<readonly Row[] | undefined> {
  const query = [
    `format=json&limit=${ROWS_PER_STRETCH_MAX}`,
    after === undefined ? '' : `marker=${encodeURIComponent(after)}`,
    before === undefined ? '' : `end_marker=${encodeURIComponent(before)}`,
    place.prefix === undefined ? '' : `prefix=${encodeURIComponent(place.prefix)}`,
  ]
  const outcome = await client.send(node, {
    server: 'container',
    method: 'GET',
    partition: place.partition,
    path: place.path,
    query: query.filter((part) => part !== '').join('&'),
    headers: { ...place.headers, ...policyHeader(place), [ROWS_HEADER]: 'true' },
    body: EMPTY_BODY,
    signal: undefined,
  })
  if (outcome.kind === 'failed') return undefined
  const { response } = outcome
  if (response.status !== 200) {
    await discard(response)
    return undefined
  }
  return await parseRows(readWhole(response.body, ROWS_BYTES_MAX))
}

async function parseRows(reading: Promise<Buffer>): Promise<readonly Row[] | undefined> {
  try {
    return JSON.parse((await reading).toString('utf8')) as readonly Row[]
  } catch {
    return undefined
  }
}

async function sendRows(
  client: NodeClient,
  place: ContainerPlace,
  node: StorageNode,
  rows: readonly Row[],
): Promise<boolean> {
  if (rows.length === 0) return true
  const body = Buffer.from(JSON.stringify(rows))
  const outcome = await client.send(node, {
    server: 'container',
    method: 'UPDATE',
    partition: place.partition,
    path: place.path,
    query: '',
    headers: {
      ...place.headers,
      ...policyHeader(place),
      'x-timestamp': place.timestamp,
      'content-type': 'application/json',
      'content-length': String(body.length),
    },
    body: bufferBody(body),
    signal: undefined,
  })
  if (outcome.kind === 'failed') return false
  await discard(outcome.response)
  return outcome.response.status >= 200 && outcome.response.status < 300
}

function policyHeader({ policyIndex }: ContainerPlace): HeaderMap {
  return policyIndex === undefined ? {} : { 'x-backend-storage-policy-index': policyIndex }
}
