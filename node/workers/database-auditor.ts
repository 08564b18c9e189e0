/** The auditor of the account and container indexes of a device. */
import { join } from 'node:path'
import { type AuditedIndex, createDatabaseAuditor } from '#auditor/database-auditor.ts'
import { ZERO_TIMESTAMP } from '#base/timestamp.ts'
import type { NodeOutcome } from '#cluster/node-client.ts'
import { evidenceOf } from '#cluster/read-evidence.ts'
import type { ServerType } from '#cluster/storage-node.ts'
import { type ContainerRow, containerRows } from '#db/container-row.ts'
import type { DatabaseName } from '#db/info.ts'
import { type ObjectRow, objectRows } from '#db/object-row.ts'
import { discard, EMPTY_BODY } from '#http/message.ts'
import { pathOnWire, type StoreParts } from '#store/store-parts.ts'
import type { MakeWorker, WorkerContext } from '../worker-context.ts'
import { workerStoreOf } from '../worker-store.ts'

export const databaseAuditorWorker: MakeWorker = (context) => {
  const { environment, log, device, foreground, settings } = context
  const { rowsPerSecond, quickEveryMs } = settings.auditor
  return createDatabaseAuditor({
    clock: environment.clock,
    log,
    foreground,
    kv: environment.kv,
    indexes: indexesOf(context),
    notes: device.objects.device.notes,
    rowsPerSecond,
    everyMs: quickEveryMs,
  })
}

function indexesOf(context: WorkerContext): readonly AuditedIndex<unknown>[] {
  const { accounts, containers, path } = context.device
  const ofAccounts: AuditedIndex<ContainerRow> = {
    ...indexParts(accounts),
    server: 'account',
    kind: containerRows,
    quarantinePath: join(path, 'quarantined', 'accounts'),
    othersWith: (name) => othersWith(context, 'account', name),
  }
  const ofContainers: AuditedIndex<ObjectRow> = {
    ...indexParts(containers),
    server: 'container',
    kind: objectRows,
    quarantinePath: join(path, 'quarantined', 'containers'),
    othersWith: (name) => othersWith(context, 'container', name),
  }
  return [ofAccounts, ofContainers] as unknown as readonly AuditedIndex<unknown>[]
}

function indexParts<Store, Index, States>(opened: {
  readonly store: Store
  readonly index: Index
  readonly replicaStates: States
}): { readonly store: Store; readonly index: Index; readonly states: States } {
  return { store: opened.store, index: opened.index, states: opened.replicaStates }
}

/** Other primaries that have the database and may vote. */
async function othersWith(context: WorkerContext, server: ServerType, name: DatabaseName): Promise<number> {
  const { parts } = await workerStoreOf(context)
  const { account, container } = name
  const placement =
    container === undefined ? parts.accountPlacement(account) : parts.containerPlacement(account, container)
  const others = placement.primaries.filter(
    ({ host, device }) => host !== context.host || device !== context.device.name,
  )
  const answers = await Promise.all(
    others.map((node) => ask(parts, { server, name, partition: placement.partition, node })),
  )
  return answers.filter((has) => has).length
}

interface Question {
  readonly server: ServerType
  readonly name: DatabaseName
  readonly partition: number
  readonly node: Parameters<StoreParts['client']['send']>[0]
}

async function ask({ client }: StoreParts, { server, name, partition, node }: Question): Promise<boolean> {
  const outcome: NodeOutcome = await client.send(node, {
    server,
    method: 'HEAD',
    partition,
    path: pathOnWire(name),
    query: 'format=json',
    headers: { 'x-backend-replication': 'True' },
    body: EMPTY_BODY,
    signal: undefined,
  })
  if (outcome.kind === 'failed') return false
  await discard(outcome.response)
  const evidence = evidenceOf(outcome.response, { server, role: 'primary' })
  if (evidence.kind === 'found') return evidence.voter
  // A deleted one is kept too, and says when it was deleted.
  return evidence.kind === 'absent' && evidence.timestamp !== ZERO_TIMESTAMP
}
