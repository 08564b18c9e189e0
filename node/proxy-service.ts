/** A process that only serves clients: a proxy, and a port on which it hears of changes from the other proxies. */
import { join } from 'node:path'
import type { Handler } from '#http/message.ts'
import { type Listener, listen } from '#http/server.ts'
import type { Endpoint } from '#http/transport.ts'
import { DESK_PATH } from '#store/desk/peer-desks.ts'
import { listenForClients } from './client-listener.ts'
import { markInFile, markInMemory } from './clock-mark.ts'
import { codeOf, makeDirectoryDurably } from './durable-file.ts'
import { parseEndpoint } from './endpoint-option.ts'
import type { StartFailure } from './messages.ts'
import type { Service } from './obey.ts'
import { openProcess, type ProcessAssignment, type ProcessParts } from './process-parts.ts'
import { nodeSecretOf } from './process-transport.ts'
import { openProxyDoor, type ProxyDoor } from './proxy-door.ts'
import { RINGS_PATH } from './ring-distribution.ts'
import { keepRings, type RingKeeper } from './ring-keeper.ts'
import { guarded } from './server-layers.ts'
import { listenerTls } from './tls-files.ts'

/** What a proxy process is told. */
export interface ProxyAssignment extends ProcessAssignment {
  /** `proxy-1`; the name of its clock's file too. */
  readonly name: string
  readonly internal: { readonly host: string; readonly port: number }
}

const INTERNAL_GRACE_MS = 500

/** Opens the proxy. */
export async function startProxyService(
  program: string,
  assignment: unknown,
): Promise<Service | StartFailure> {
  const told = assignment as ProxyAssignment
  try {
    return await openProxy(told, await openProcess(program, told))
  } catch (error) {
    return {
      sentence: sentenceOf(error, told),
      reason: codeOf(error) === 'EADDRINUSE' ? 'port_taken' : 'other',
    }
  }
}

async function openProxy(told: ProxyAssignment, parts: ProcessParts): Promise<Service> {
  const { settings, cluster, internal } = told
  const clockMark = await clockMarkOf(told, parts)
  const isSelf = ({ host, port }: Endpoint): boolean => host === internal.host && port === internal.port
  const others = settings.proxy.peers.map(parseEndpoint).filter((peer) => !isSelf(peer))
  const door = await openProxyDoor({
    ...parts,
    cluster,
    settings,
    clockMark,
    peers: () => others,
    members: () => [...others, internal],
    isSelf,
  })
  const keeper = keepRings({
    parts,
    secret: nodeSecretOf(cluster),
    isOwn: () => false,
    isSettled: () => true,
  })
  const inside = await listenInside(told, parts, insideHandler(door, keeper))
  const clients = await listenForClients(parts, settings.proxy, door.handler)
  return {
    accept: (socket) => clients.accept(socket),
    drain: async () => {
      door.announceEnd()
      await clients.close({ graceMs: settings.shutdown.drainMs })
    },
    close: async () => {
      await Promise.all(keeper.loops.map((loop) => loop.stop()))
      await inside.close({ graceMs: INTERNAL_GRACE_MS })
      parts.rings.close()
      await parts.transport.close()
    },
  }
}

async function clockMarkOf({ name, settings }: ProxyAssignment, { environment, log }: ProcessParts) {
  const { state } = settings.proxy
  if (state === undefined) {
    log.warn({}, 'proxy.state is not set: after a restart timestamps rely on the clock of this machine')
    return markInMemory()
  }
  await makeDirectoryDurably(environment.disk, state)
  return markInFile(environment.disk, join(state, `${name}.clock`))
}

/** What other processes of the cluster may ask of this one. */
function insideHandler(door: ProxyDoor, keeper: RingKeeper): Handler {
  return (request) => {
    if (request.path === DESK_PATH) return door.desk(request)
    return request.path === RINGS_PATH || request.path.startsWith(`${RINGS_PATH}/`)
      ? keeper.handler(request)
      : door.invalidations(request)
  }
}

async function listenInside(told: ProxyAssignment, parts: ProcessParts, served: Handler): Promise<Listener> {
  const { environment, log, metrics } = parts
  const { clock, disk } = environment
  const nodeSecret = nodeSecretOf(told.cluster)
  const handler: Handler = guarded(served, {
    clock,
    metrics,
    nodeSecret,
    isDraining: () => false,
  })
  return listen({
    ...told.internal,
    handler,
    clock,
    log,
    tls: await listenerTls(disk, told.settings.storage),
  })
}

function sentenceOf(error: unknown, { internal }: ProxyAssignment): string {
  const code = codeOf(error)
  if (code === 'EADDRINUSE') return `${internal.host} port ${internal.port} is in use by another program`
  if (code === 'EADDRNOTAVAIL') return `${internal.host} is not an address of this machine`
  return error instanceof Error ? error.message : String(error)
}
