/**
 * Which rows of a container changed since a position (`CHANGES_SINCE_HEADER`): for whoever keeps a view of a container, at a
 * cost that depends on what changed, and on nothing where nothing did.
 *
 * A position is the index's own identity and a number in the container's log of changes. Every row that is durable here when
 * the position is told has a change up to it; what comes later has a later one.
 */
import { CHANGES_MAX, CHANGES_SINCE_NOW } from '#base/extensions.ts'
import type { DatabaseState } from '#db/info.ts'
import { pageAnswer } from '#db/listing-format.ts'
import type { Response } from '#http/message.ts'
import type { Headers } from '../container-headers.ts'
import type { ContainerService } from '../service.ts'

interface ChangedRow {
  readonly name: string
  readonly etag: string
  readonly deleted: boolean
}

/** `state` is that of the container before anything else is read of it. */
export async function changesSince(
  service: ContainerService,
  state: DatabaseState,
  since: string,
  headers: Headers,
): Promise<Response> {
  const { sequence } = state.info
  const store = await service.index.storeId()
  const from = sequenceIn(since, store)
  const changes =
    from === undefined || from > sequence || sequence - from > CHANGES_MAX
      ? undefined
      : await changedRows(service, state, from)
  const body = Buffer.from(JSON.stringify({ position: `${store}/${sequence}`, changes }))
  return pageAnswer('application/json', body, headers)
}

/** `undefined` of a position in another index than ours. */
function sequenceIn(since: string, store: string): number | undefined {
  if (since === CHANGES_SINCE_NOW) return undefined
  const [, of, sequence] = /^([0-9a-f]{1,64})\/(\d{1,15})$/.exec(since) ?? []
  return of === store ? Number(sequence) : undefined
}

/** Every row has a number of its own, so that as many changes as numbers lie between are all of them. */
async function changedRows(
  { index }: ContainerService,
  { info }: DatabaseState,
  from: number,
): Promise<readonly ChangedRow[]> {
  if (from === info.sequence) return []
  const changes = await index.changesSince(info.name, from, info.sequence - from)
  return changes
    .filter(({ row }) => row.policyIndex === info.policyIndex)
    .map(({ row: { name, etag, deleted } }) => ({ name, etag, deleted }))
}
