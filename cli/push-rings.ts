/** Gives rings to every process of a cluster and waits until each uses them (`martlet ring push`). */
import { basename, resolve } from 'node:path'
import { silentLogger } from '#base/log.ts'
import { parseEndpoint } from '#node/endpoint-option.ts'
import { realEnvironment } from '#node/environment.ts'
import { deviceProcesses, processKey } from '#node/inside-endpoints.ts'
import { nodeSecretOf, openProcessTransport } from '#node/process-transport.ts'
import { RingClient } from '#node/ring-client.ts'
import { type PushRow, type PushTarget, pushRing, type RingToPush } from '#node/ring-push.ts'
import type { Ring } from '#ring/ring.ts'
import { readRingFile } from '#ring/ring-store.ts'
import { ClusterAccess, type ClusterArguments } from './cluster-access.ts'
import { loadConfiguration } from './load-configuration.ts'
import type { RingCommandContext } from './ring-context.ts'
import { OperatorError, readWholeFile } from './ring-files.ts'
import { textTable } from './ring-tables.ts'

export interface PushArguments extends ClusterArguments {
  readonly json?: true
}

interface LoadedToPush extends RingToPush {
  readonly ring: Ring
}

const RING_FILE = /^(account|container|object(?:-\d+)?)\.ring\.gz$/

/** Prints a table a ring. Throws an `OperatorError` when some process does not use a ring that was pushed. */
export async function pushRings(
  context: RingCommandContext,
  files: readonly string[],
  options: PushArguments,
): Promise<void> {
  const access = await ClusterAccess.open(options)
  if ('problem' in access) throw new OperatorError(access.problem)
  try {
    await pushAll(context, access, files, options)
  } finally {
    await access.close()
  }
}

async function pushAll(
  context: RingCommandContext,
  access: ClusterAccess,
  files: readonly string[],
  options: PushArguments,
): Promise<void> {
  const rings = await loadRings(context, access, files)
  const secret = nodeSecretOf(access.cluster)
  if (secret === undefined)
    throw new OperatorError('the cluster has no secret; put its ring files in place by other means')
  const configuration = await loadConfiguration(options.config)
  if ('problem' in configuration) throw new OperatorError(configuration.problem)
  const { proxy, storage } = configuration.settings
  const transport = await openProcessTransport({
    environment: realEnvironment(),
    log: silentLogger,
    cluster: access.cluster,
    storage,
  })
  try {
    const client = new RingClient(transport, secret)
    const targets = [...storageTargets(access, rings), ...proxy.peers.map(proxyTarget)]
    for (const ring of rings) await pushOne(context, client, targets, ring, options)
  } finally {
    await transport.close()
  }
}

async function pushOne(
  { print }: RingCommandContext,
  client: RingClient,
  targets: readonly PushTarget[],
  ring: RingToPush,
  { json }: PushArguments,
): Promise<void> {
  const { name, version } = ring
  const result = await pushRing({ client, targets, ring, onProgress: showProgress(name) })
  if (result.kind === 'refused') throw new OperatorError(`nothing was sent: ${result.reason}`)
  const { rows, unsettled } = result
  print(json === true ? JSON.stringify({ name, version, nodes: rows, unsettled }) : pushText(ring, rows))
  if (json !== true && unsettled.length > 0) print(hurryText(unsettled))
  const missing = rows.filter(({ outcome }) => outcome === 'failed').length
  if (missing > 0) {
    throw new OperatorError(
      `${missing} of ${rows.length} do not use version ${version} of ring ${name}; those that come back fetch it by themselves`,
    )
  }
}

/** On a terminal, how many have it so far. */
function showProgress(name: string): (done: number, total: number) => void {
  if (!process.stderr.isTTY) return () => {}
  return (done, total) => {
    process.stderr.write(`\r${name}: ${done} of ${total}${done === total ? '\n' : ''}`)
  }
}

function pushText({ name, version }: RingToPush, rows: readonly PushRow[]): string {
  const table = textTable(
    ['node', 'before', 'now', 'outcome'],
    rows.map(({ label, before, outcome, reason }) => {
      const now = outcome === 'failed' ? before : version
      return [label, before?.toString() ?? '-', now?.toString() ?? '-', reason ?? WORDS[outcome]]
    }),
  )
  const used = rows.filter(({ outcome }) => outcome !== 'failed').length
  return `Ring ${name}, version ${version}: in use on ${used} of ${rows.length}\n${table}`
}

/** Nothing is lost by it: the first of the rings before is kept. But it takes longer, and fewer replicas may vote meanwhile. */
function hurryText(unsettled: readonly string[]): string {
  const [first] = unsettled
  const who = unsettled.length === 1 ? `${first} was` : `${first} and ${unsettled.length - 1} others were`
  return `Note: ${who} not done with the ring before this one; wait with the next until \`martlet status\` shows none`
}

const WORDS: Readonly<Record<PushRow['outcome'], string>> = {
  taken: 'in use',
  had: 'in use already',
  failed: 'failed',
}

async function loadRings(
  context: RingCommandContext,
  access: ClusterAccess,
  files: readonly string[],
): Promise<readonly LoadedToPush[]> {
  const paths = files.length > 0 ? files : [...access.rings.all()].map(([, { path }]) => path)
  return Promise.all(paths.map((path) => loadRing(context, path)))
}

async function loadRing({ environment }: RingCommandContext, path: string): Promise<LoadedToPush> {
  const [, name] = RING_FILE.exec(basename(path)) ?? []
  if (name === undefined) {
    throw new OperatorError(
      `${path} is not named as a ring: account.ring.gz, container.ring.gz, object.ring.gz or object-1.ring.gz`,
    )
  }
  const file = await readWholeFile(environment.disk, resolve(path))
  const loaded = readRingFile(file)
  if (loaded.kind === 'broken') throw new OperatorError(`cannot read ring ${path}: ${loaded.reason}`)
  const { ring, digest } = loaded
  if (ring.version === undefined)
    throw new OperatorError(`ring ${path} has no version; rebalance its builder to give it one`)
  return { name, version: ring.version, digest, file, ring }
}

/** The devices of the rings in use and of those to come. */
function storageTargets(access: ClusterAccess, rings: readonly LoadedToPush[]): PushTarget[] {
  const inUse = [...access.rings.all()].map(([name, { ring }]) => [name, ring] as const)
  const coming = rings.map(({ name, ring }) => [name, ring] as const)
  return deviceProcesses([...inUse, ...coming]).map(({ host, device, endpoint }) => {
    return { host, label: processKey(host, device), endpoint }
  })
}

function proxyTarget(written: string): PushTarget {
  const endpoint = parseEndpoint(written)
  return { host: endpoint.host, label: `proxy ${written}`, endpoint }
}
