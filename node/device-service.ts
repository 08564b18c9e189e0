/**
 * The process of one device: its three storage servers on their ports, the loops that deliver what waits, and, where
 * clients come to this process, a proxy that reaches the device without a socket.
 *
 * It goes away in this order: no more clients, and those under way are answered; the loops end; the storage servers
 * answer what is under way; the device is closed with everything durable.
 */
import { join } from 'node:path'
import type { ClockWatch } from '#backend/clock-watch.ts'
import type { Environment } from '#base/environment.ts'
import { type Handler, pipeline } from '#http/message.ts'
import type { Listener } from '#http/server.ts'
import type { Endpoint } from '#http/transport.ts'
import { countForeground, Foreground } from '#worker/foreground.ts'
import { BackendListeners, type BackendListenersOptions, type PortTaken } from './backend-listeners.ts'
import { listenForClients } from './client-listener.ts'
import { markInFile } from './clock-mark.ts'
import { openDeviceClock, watchClock } from './device-clock.ts'
import { endpointsOf, type ServerEndpoint } from './device-endpoints.ts'
import { DeviceFigureSource } from './device-figures.ts'
import { startDeviceLoops } from './device-loops.ts'
import { observeDevice } from './device-metrics.ts'
import { startDeviceReturn } from './device-return.ts'
import { DeviceWorkers } from './device-workers.ts'
import { watchForPorts } from './further-ports.ts'
import { type InsideHandlers, withInsidePaths } from './inside-paths.ts'
import type { Loop } from './loop.ts'
import type { StartFailure } from './messages.ts'
import type { Service } from './obey.ts'
import { deviceSentence, type OwnedDeviceAssignment, openDevice, workerContext } from './open-device.ts'
import { openProcess, type ProcessParts } from './process-parts.ts'
import { nodeSecretOf } from './process-transport.ts'
import { openProxyDoor, type ProxyDoor } from './proxy-door.ts'
import { type ReconOptions, reconLayer } from './recon-figures.ts'
import { requestMetrics } from './request-metrics.ts'
import { keepRings } from './ring-keeper.ts'
import type { ServerType } from './rings.ts'
import { isRingSettled } from './settled-rings.ts'
import type { StorageDevice } from './storage-device.ts'
import { listenerTls } from './tls-files.ts'
import { allOf, jsonAnswer, workerAdmin } from './worker-admin.ts'
import type { WorkerContext } from './worker-context.ts'
import { censusOf } from './workers/census.ts'

/** What the process of a device is told. */
export interface DeviceAssignment extends OwnedDeviceAssignment {
  /** Is there a proxy in this process, for the connections that the supervisor deals? */
  readonly clients: 'none' | 'from_supervisor'
}

const CLOCK_MARK = 'clock'
/** What the storage servers may still need when no client waits any more, milliseconds. */
const BACKEND_GRACE_MS = 1_000

/** Opens the device and serves it. */
export async function startDeviceService(
  program: string,
  assignment: unknown,
): Promise<Service | StartFailure> {
  const told = assignment as DeviceAssignment
  try {
    return await DeviceService.open(told, await openProcess(program, told))
  } catch (error) {
    return { sentence: deviceSentence(error, told), reason: 'other' }
  }
}

interface Opened {
  readonly parts: ProcessParts
  readonly device: StorageDevice
  readonly backends: BackendListeners
  readonly loops: readonly Loop[]
  readonly workers: DeviceWorkers
  readonly door: ProxyDoor | undefined
  readonly clients: Listener | undefined
  readonly endPorts: () => void
  readonly wornOut: Promise<void>
}

class DeviceService implements Service {
  readonly #opened: Opened
  readonly #drainMs: number

  private constructor(opened: Opened, drainMs: number) {
    this.#opened = opened
    this.#drainMs = drainMs
  }

  static async open(told: DeviceAssignment, parts: ProcessParts): Promise<DeviceService | StartFailure> {
    const found = endpointsOf(parts.rings, told.host, told.device)
    if (typeof found === 'string') return { sentence: found, reason: 'other' }
    const endpoints = [...found]
    const watch = await openDeviceClock(told, parts)
    const dated = { ...parts, environment: { ...parts.environment, clock: watch.clock } }
    const device = await openDevice(told, dated, watch)
    const watching = watchClock(watch, device.objects.device.drive, parts)
    const foreground = new Foreground(parts.environment.clock)
    const handlers = countedHandlers(parts, device, foreground)
    for (const { server, host, port } of endpoints) parts.transport.register({ host, port }, handlers[server])
    const door = told.clients === 'none' ? undefined : await openDoor(told, parts, endpoints, watch)
    const context = workerContext(told, dated, device, foreground)
    const workers = await DeviceWorkers.open(context)
    const keeper = keepRings({
      parts,
      secret: nodeSecretOf(told.cluster),
      isOwn: ({ host, port }) => endpoints.some((own) => own.host === host && own.port === port),
      isSettled: (name) => {
        const watcher = parts.rings.get(name)
        return (
          watcher !== undefined &&
          !watch.isInDoubt() &&
          isRingSettled(
            name,
            watcher,
            workers.loops.map(({ worker }) => worker),
          )
        )
      },
    })
    const inside = {
      ...insideHandlers(told, parts.environment, context, workers, door, watch),
      rings: keeper.handler,
    }
    const watched = withRecon(
      handlers,
      { ...context, version: told.version, wall: parts.environment.clock, watch },
      workers,
    )
    const backendsAt = async (some: readonly ServerEndpoint[]): Promise<BackendListenersOptions> =>
      await backendOptions(told, parts, some, withInsidePaths(watched, endpoints, inside))
    const backends = await BackendListeners.open(await backendsAt([...endpoints]))
    if ('taken' in backends) {
      await Promise.all([...keeper.loops, watching].map((loop) => loop.stop()))
      await device.close()
      return portsTaken(backends.taken)
    }
    const clients = door && (await listenForClients(parts, told.settings.proxy, door.handler))
    const wornOut = Promise.withResolvers<void>()
    const loops = [
      ...startDeviceLoops({ clock: watch.clock, log: parts.log, device }),
      returnOf(device, parts, wornOut.resolve),
      ...keeper.loops,
      watching,
    ]
    const endPorts = watchForPorts({
      rings: parts.rings,
      log: parts.log,
      host: told.host,
      device: told.device,
      open: endpoints,
      openFurther: async (further) => {
        for (const { server, host, port } of further)
          parts.transport.register({ host, port }, handlers[server])
        return await backends.add(await backendsAt(further))
      },
    })
    workers.start()
    return new DeviceService(
      { parts, device, backends, loops, workers, door, clients, endPorts, wornOut: wornOut.promise },
      told.settings.shutdown.drainMs,
    )
  }

  get wornOut(): Promise<void> {
    return this.#opened.wornOut
  }

  readonly accept: Service['accept'] = (socket) => {
    if (this.#opened.clients === undefined) socket.destroy()
    else this.#opened.clients.accept(socket)
  }

  readonly drain = async (): Promise<void> => {
    const { door, backends, clients } = this.#opened
    door?.announceEnd()
    backends.announceEnd()
    await clients?.close({ graceMs: this.#drainMs })
  }

  readonly close = async (): Promise<void> => {
    const { parts, device, backends, loops, workers, endPorts } = this.#opened
    endPorts()
    await Promise.all([workers.stop(), ...loops.map((loop) => loop.stop())])
    await backends.close(BACKEND_GRACE_MS)
    await device.close()
    parts.rings.close()
    await parts.transport.close()
  }
}

function countedHandlers(
  { metrics, environment }: ProcessParts,
  { handlers }: StorageDevice,
  foreground: Foreground,
): Readonly<Record<ServerType, Handler>> {
  const counted = requestMetrics(metrics, environment.clock)
  const busy = countForeground(foreground)
  const both = (server: ServerType): Handler => pipeline(handlers[server], [counted(server), busy])
  return { account: both('account'), container: both('container'), object: both('object') }
}

/** The proxies of a cluster on one machine hear of each other's changes on the ports of the account servers. */
function openDoor(
  told: DeviceAssignment,
  parts: ProcessParts,
  endpoints: readonly ServerEndpoint[],
  watch: ClockWatch,
): Promise<ProxyDoor> {
  const isSelf = ({ host, port }: Endpoint): boolean =>
    host === told.host && endpoints.some((own) => own.port === port)
  const members = (): readonly Endpoint[] =>
    parts.rings.account.ring.devices
      .filter((device) => device !== undefined)
      .map(({ ip, port }) => ({ host: ip, port }))
  const peers = (): readonly Endpoint[] => members().filter((member) => !isSelf(member))
  const clockMark = markInFile(parts.environment.disk, join(told.devicesPath, told.device, CLOCK_MARK))
  const { cluster, settings } = told
  return openProxyDoor({ ...parts, cluster, settings, clockMark, watch, peers, members, isSelf })
}

function returnOf(device: StorageDevice, { environment, log }: ProcessParts, startAnew: () => void): Loop {
  const { disk, clock } = environment
  const { path, name } = device
  const { health } = device.objects.device
  return startDeviceReturn({ disk, clock, log: log.child({ device: name }), path, health, startAnew })
}

/** Any of the servers tells monitoring about the whole device. */
function withRecon(
  handlers: Readonly<Record<ServerType, Handler>>,
  options: Omit<ReconOptions, 'workers'>,
  { loops }: DeviceWorkers,
): Readonly<Record<ServerType, Handler>> {
  const layer = reconLayer({ ...options, workers: loops.map(({ worker }) => worker) })
  const { account, container, object } = handlers
  return { account: layer(account), container: layer(container), object: layer(object) }
}

/** What the process answers on its own behalf. `machine`: with its own clock, which people compare. */
function insideHandlers(
  { version }: DeviceAssignment,
  machine: Environment,
  context: WorkerContext,
  workers: DeviceWorkers,
  door: ProxyDoor | undefined,
  watch: ClockWatch,
): InsideHandlers {
  const { environment, device, host, rings, foreground } = context
  const admin = { device: device.name, clock: environment.clock, loops: workers.loops }
  const figures = new DeviceFigureSource({
    environment: machine,
    device,
    host,
    version,
    rings,
    foregroundLoad: () => foreground.load(),
    clockStanding: () => watch.standing,
    workers: () => allOf(admin),
  })
  observeDevice(context.metrics, figures)
  const census: Handler = async () => jsonAnswer(censusOf(context).report())
  return {
    workers: workerAdmin(admin),
    device: figures.handler,
    census,
    invalidations: door?.invalidations,
    desk: door?.desk,
  }
}

async function backendOptions(
  told: DeviceAssignment,
  { environment, log, metrics }: ProcessParts,
  endpoints: readonly ServerEndpoint[],
  handlers: Readonly<Record<ServerType, Handler>>,
): Promise<BackendListenersOptions> {
  return {
    clock: environment.clock,
    log,
    metrics,
    endpoints,
    handlers,
    nodeSecret: nodeSecretOf(told.cluster),
    tls: await listenerTls(environment.disk, told.settings.storage),
  }
}

function portsTaken([first]: readonly PortTaken[]): StartFailure {
  const where = `${first?.host} port ${first?.port}`
  if (first?.code === 'EADDRINUSE')
    return { sentence: `${where} is in use by another program`, reason: 'port_taken' }
  return { sentence: `cannot listen on ${where} (${first?.code})`, reason: 'other' }
}
