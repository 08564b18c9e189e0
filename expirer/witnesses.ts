/** Asks primaries and handoffs of many objects at once what they know of them (`verdict.ts` judges it). */
import { QUARANTINED_HEADER, REPLICA_STATE_HEADER } from '#base/extensions.ts'
import { parseTimestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import type { NodeClient } from '#cluster/node-client.ts'
import type { Placement } from '#cluster/placement.ts'
import { evidenceOf } from '#cluster/read-evidence.ts'
import { type SmallRequest, sendTogether } from '#cluster/request-batches.ts'
import { type HeaderMap, headerOf, type Response } from '#http/message.ts'
import { reservedNameHeaders } from '#store/backend-headers.ts'
import { UPLOAD_ID_AT } from '#store/multipart/upload-names.ts'
import type { ObjectName } from '#store/operation.ts'
import { pathOnWire } from '#store/store-parts.ts'
import type { Witness } from './verdict.ts'

/** Not for a client: workers' requests do not count as load, and queue rows are taken away by the expirer. */
export const FROM_A_WORKER: HeaderMap = { 'x-backend-replication': 'True' }

/** An object, and where it would be. */
export interface Sought {
  readonly name: ObjectName
  readonly policyIndex: number
  readonly placement: Placement
}

type Role = 'primary' | 'handoff'

/** What `witnessOf` reads. */
const TOLD: readonly string[] = [
  'x-backend-timestamp',
  'x-backend-data-timestamp',
  'x-timestamp',
  'x-delete-at',
  'etag',
  UPLOAD_ID_AT,
  REPLICA_STATE_HEADER,
  QUARANTINED_HEADER,
]

/** What those who answered say of each object, in the order of the objects. Never rejects. */
export async function witnessesOf(
  client: NodeClient,
  objects: readonly Sought[],
): Promise<readonly (readonly Witness[])[]> {
  const asked = objects.map((sought) => questionsOf(client, sought))
  const answers = await sendTogether(
    client,
    asked.flatMap((questions) => questions.map(({ request }) => request)),
    TOLD,
  )
  let next = 0
  return asked.map((questions) =>
    questions.flatMap(({ role }) => {
      const answer = answers[next++]
      const witness = answer === undefined ? undefined : witnessOf(answer, role)
      return witness === undefined ? [] : [witness]
    }),
  )
}

function questionsOf(
  client: NodeClient,
  { name, policyIndex, placement }: Sought,
): readonly { readonly request: SmallRequest; readonly role: Role }[] {
  const { primaries, handoffs, partition } = placement
  const about = {
    method: 'HEAD',
    partition,
    path: pathOnWire(name),
    headers: {
      ...FROM_A_WORKER,
      ...reservedNameHeaders(name),
      'x-backend-open-expired': 'true',
      'x-backend-storage-policy-index': String(policyIndex),
    },
  } as const
  return [
    ...primaries.map((node) => ({ request: { ...about, node }, role: 'primary' as const })),
    ...handoffs
      .filter((node) => !client.errors.isSetAside(node))
      .map((node) => ({ request: { ...about, node }, role: 'handoff' as const })),
  ]
}

function witnessOf(response: Response, role: Role): Witness | undefined {
  const evidence = evidenceOf(response, { server: 'object', role })
  if (evidence.kind === 'absent') return { ...evidence, voter: evidence.voter && role === 'primary' }
  if (evidence.kind !== 'found') return undefined
  const told = parseTimestamp(headerOf(response, 'x-backend-timestamp') ?? '') ?? ZERO_TIMESTAMP
  const deleteAt = headerOf(response, 'x-delete-at')
  return {
    kind: 'found',
    voter: evidence.voter && role === 'primary',
    dataTimestamp: evidence.timestamp,
    timestamp: told > evidence.timestamp ? told : evidence.timestamp,
    deleteAt: deleteAt === undefined ? undefined : Number(deleteAt),
    uploadId: headerOf(response, UPLOAD_ID_AT),
  }
}
