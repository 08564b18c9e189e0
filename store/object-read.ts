/** GET and HEAD of an object. On the hot path: allocates little. */
import { readConfirmed } from '#cluster/confirmed-read.ts'
import { readNewest } from '#cluster/newest-read.ts'
import type { ReadOutcome, ReplicaRead } from '#cluster/replica-read.ts'
import { readResumably } from '#cluster/resumable-read.ts'
import { discard, type HeaderMap, headerOf, type Response } from '#http/message.ts'
import { refusalOf } from './accounts.ts'
import { reservedNameHeaders, singleValued } from './backend-headers.ts'
import type { ContainerInfo, ObjectReadOptions, ObjectReadOutcome } from './contract.ts'
import { containerName, noRing, type ObjectDeps } from './object-container.ts'
import type { ObjectName, OperationContext } from './operation.ts'
import { pathOnWire, type StoreParts } from './store-parts.ts'

export async function readObject(
  deps: ObjectDeps,
  context: OperationContext,
  name: ObjectName,
  options: ObjectReadOptions,
): Promise<ObjectReadOutcome> {
  const { parts, containers } = deps
  const container = containerName(name)
  const known = containers.held(container) ?? (await containers.lookUp(context, container))
  if (known.kind === 'unavailable') return known
  if (known.kind !== 'exists') return { kind: 'no_such_container' }
  const read = replicaRead(parts, context, name, known.info, options)
  if (read === undefined) return noRing(known.info.policyIndex)
  const outcome = await readFrom(parts, read, options)
  // What is written because of what was read is later than it, whatever the clock of the proxy that wrote it.
  if ('response' in outcome) parts.timestamps.observeHeader(headerOf(outcome.response, 'x-backend-timestamp'))
  return await outcomeOf(outcome)
}

function replicaRead(
  parts: StoreParts,
  context: OperationContext,
  name: ObjectName,
  container: ContainerInfo,
  options: ObjectReadOptions,
): ReplicaRead | undefined {
  const placement = parts.objectPlacement(container.policyIndex, name)
  if (placement === undefined) return undefined
  return {
    server: 'object',
    method: options.method,
    path: pathOnWire(name),
    query: '',
    headers: {
      ...options.conditions,
      ...manifestHeaders(options),
      ...reservedNameHeaders(name),
      'x-trans-id': context.txId,
      'x-backend-storage-policy-index': String(container.policyIndex),
    },
    placement,
    signal: context.signal,
  }
}

const NO_HEADERS: HeaderMap = {}

/** What a storage server must know of objects that stand for others. */
function manifestHeaders({ etagIsAt, wholeWith }: ObjectReadOptions): HeaderMap {
  if (etagIsAt === undefined && wholeWith === undefined) return NO_HEADERS
  return {
    ...(etagIsAt === undefined ? {} : { 'x-backend-etag-is-at': etagIsAt }),
    ...(wholeWith === undefined ? {} : { 'x-backend-ignore-range-if-metadata-present': wholeWith }),
  }
}

function readFrom(
  parts: StoreParts,
  read: ReplicaRead,
  { newest, certainty }: ObjectReadOptions,
): Promise<ReadOutcome> {
  if (newest) return readNewest(parts.client, read)
  const sure = certainty ?? parts.rules.objectReads
  if (sure === 'agreed') return readConfirmed(parts.client, { ...read, absence: 'agreed' }, 'unavailable')
  if (sure === 'confirmed') return readConfirmed(parts.client, read, 'unavailable')
  return readResumably(parts.client, read)
}

async function outcomeOf(outcome: ReadOutcome): Promise<ObjectReadOutcome> {
  switch (outcome.kind) {
    case 'found':
      return await foundOutcome(outcome.response)
    case 'absent': {
      const headers = singleValued(outcome.response.headers)
      // A condition such as `If-Match` fails where nothing is.
      if (outcome.response.status === 412) return { kind: 'precondition_failed', headers }
      return { kind: 'no_such_object', headers }
    }
    case 'refused':
      return await refusalOf(outcome)
    case 'unavailable':
      return outcome
  }
}

async function foundOutcome(response: Response): Promise<ObjectReadOutcome> {
  const headers = singleValued(response.headers)
  const { status, body } = response
  if (status === 200 || status === 206) return { kind: 'found', status, headers, body }
  await discard(response)
  if (status === 304) return { kind: 'not_modified', headers }
  if (status === 412) return { kind: 'precondition_failed', headers }
  if (status === 416) return { kind: 'range_unsatisfiable', sizeBytes: sizeIn(headers), headers }
  return { kind: 'unavailable', reason: `an object server answered ${status}` }
}

/** The length of the whole in `Content-Range`, where it follows the slash. */
function sizeIn(headers: HeaderMap): number {
  const size = /\*\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1]
  return Number(size ?? headers['content-length'] ?? 0)
}
