/**
 * Ports that a changed ring gives to a device while it is served: a new device is put into one ring after the other, and its
 * process begins with the first. A port that a ring takes away stays open until the next start.
 */
import type { Logger } from '#base/log.ts'
import type { RingDirectory } from '#ring/ring-directory.ts'
import type { PortTaken } from './backend-listeners.ts'
import { endpointsOf, type ServerEndpoint } from './device-endpoints.ts'

export interface FurtherPortsOptions {
  readonly rings: RingDirectory
  readonly log: Logger
  readonly host: string
  readonly device: string
  /** Those that are open; further ones are added. */
  readonly open: ServerEndpoint[]
  /** Opens further ones, which are among `open` by then; says which could not be. */
  readonly openFurther: (further: readonly ServerEndpoint[]) => Promise<readonly PortTaken[]>
}

/** Begins to watch; the function ends that. A port that could not be opened is tried again when a ring changes. */
export function watchForPorts(options: FurtherPortsOptions): () => void {
  const { rings, log } = options
  let turn: Promise<void> = Promise.resolve()
  const look = (): void => {
    turn = turn
      .then(() => openMissing(options))
      .catch((error: unknown) => log.error({ err: error }, 'further ports could not be opened'))
  }
  const ends = [...rings.all()].map(([, watcher]) => watcher.onChange(look))
  // A ring may have changed while the process started.
  look()
  return () => {
    for (const end of ends) end()
  }
}

async function openMissing({
  rings,
  log,
  host,
  device,
  open,
  openFurther,
}: FurtherPortsOptions): Promise<void> {
  const wanted = endpointsOf(rings, host, device)
  if (typeof wanted === 'string') return
  const further = wanted.filter(({ port }) => !open.some((one) => one.port === port))
  if (further.length === 0) return
  open.push(...further)
  log.info({ device, ports: further.map(({ port }) => port) }, 'the rings give the device further ports')
  for (const { port, code } of await openFurther(further)) {
    log.error({ port, code }, 'cannot listen on a port that a ring gives to the device')
    open.splice(
      open.findIndex((one) => one.port === port),
      1,
    )
  }
}
