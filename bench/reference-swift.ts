/**
 * A real OpenStack Swift from Debian's packages on loopback: four devices in four zones, three replicas, memcached,
 * all daemons, default durability. It listens on its own ports, writes below one folder only, and a private mount
 * namespace puts its `swift.conf` where Debian's release looks for it, so that several can run side by side.
 *
 *     node bench/reference-swift.ts [--home DIR] [--port N] [--backend-port N] [--devices xfs|plain]
 *
 * runs one in the foreground until SIGINT or SIGTERM.
 */
import { execFile, execFileSync } from 'node:child_process'
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import {
  portListens,
  processStartTicks,
  type StartedProcess,
  startProcess,
  stopProcess,
  waitForPort,
} from './child-processes.ts'
import {
  configurationFiles,
  DEVICES,
  portsOf,
  type SwiftLayout,
  type SwiftPorts,
  USUAL_PIPELINE,
} from './reference-swift-config.ts'

const GIB = 1024 ** 3
const execute = promisify(execFile)
/** Part power, replicas, min_part_hours of the rings. */
const RING_SHAPE = ['10', '3', '1']
const RING_WEIGHT = '100'
const PROGRAMS = [
  'swift-ring-builder',
  'swift-proxy-server',
  'swift-account-server',
  'swift-container-server',
  'swift-object-server',
  'swift-object-expirer',
  'memcached',
  'rsync',
  'unshare',
]
const PACKAGES =
  'swift swift-proxy swift-account swift-container swift-object swift-object-expirer memcached rsync rsyslog xfsprogs'

export interface ReferenceSwiftOptions {
  /** Folder for everything it writes; emptied at the start and removed at the end. */
  readonly home?: string
  readonly port?: number
  /** First of five ports behind the proxy. */
  readonly backendPort?: number
  /** Workers of the proxy and of each storage server. */
  readonly workers?: number
  /** XFS on loop images (needs root), or plain directories. */
  readonly devices?: 'xfs' | 'plain'
  /** Size of each sparse device image, bytes. */
  readonly deviceBytes?: number
  readonly daemons?: 'all' | 'none'
  readonly pipeline?: readonly string[]
  /** Sections of the pipeline's middleware that are not Swift's usual ones: name to lines. */
  readonly filters?: Readonly<Record<string, readonly string[]>>
  /** Further files of its configuration, by name. */
  readonly files?: Readonly<Record<string, string>>
  /** Only the proxy before the storage servers of `rings`, or only storage servers, for a proxy that is another. */
  readonly servers?: 'all' | 'proxy' | 'storage'
  /** Folder with the ring files (`account.ring.gz`…) to serve by, instead of rings of its own over its own devices. */
  readonly rings?: string
}

export interface ReferenceSwift {
  /** Of the proxy; nothing answers there when there are storage servers alone. */
  readonly url: string
  readonly version: string
  /** What the devices are, for the report. */
  readonly devices: string
  /** Processes that serve requests; their children count too. */
  readonly servingPids: readonly number[]
  readonly logFolder: string
  /** Folder with its configuration, builder and ring files. */
  readonly etcFolder: string
  /** Runs a Swift program to its end where its `/etc/swift` is this cluster's; gives back what it printed. */
  run(program: string, args: readonly string[]): Promise<string>
  stop(): Promise<void>
}

/** One sentence that says why a reference Swift cannot run here, or `undefined`. */
export function whyNoReferenceSwift(): string | undefined {
  if (process.platform !== 'linux') return 'a reference Swift needs Linux'
  const missing = PROGRAMS.filter((program) => findProgram(program) === undefined)
  if (missing.length > 0) return `not installed: ${missing.join(', ')} (Debian packages: ${PACKAGES})`
  if (process.getuid?.() !== 0) return 'a reference Swift is started as root (it mounts its own swift.conf)'
  return undefined
}

/** Starts it on empty devices and resolves once the proxy answers. Throws one sentence when it cannot. */
export async function startReferenceSwift(options: ReferenceSwiftOptions = {}): Promise<ReferenceSwift> {
  const obstacle = whyNoReferenceSwift()
  if (obstacle !== undefined) throw new Error(obstacle)
  const layout = layoutOf(options)
  await stopLeftovers(layout.home)
  rmSync(layout.home, { recursive: true, force: true })
  const ports = portsOf(layout)
  for (const port of Object.values(ports)) {
    if (await portListens(port)) throw new Error(`port ${port} is in use`)
  }
  const cluster = new Cluster(layout, options)
  try {
    await cluster.start()
  } catch (error) {
    await cluster.stop()
    throw error
  }
  return {
    url: `http://127.0.0.1:${ports.proxy}`,
    version: await (options.servers === 'storage' ? storageVersion(ports.object) : versionOf(ports.proxy)),
    devices: layout.mountCheck === 'on' ? 'XFS on loop images' : 'plain directories',
    servingPids: cluster.servingPids(),
    logFolder: path.join(layout.home, 'log'),
    etcFolder: path.join(layout.home, 'etc'),
    run: (program, args) => cluster.runToEnd(program, args),
    stop: () => cluster.stop(),
  }
}

function layoutOf(options: ReferenceSwiftOptions): SwiftLayout {
  return {
    home: options.home ?? path.join(tmpdir(), 'martlet-reference-swift'),
    proxyPort: options.port ?? 18080,
    backendPort: options.backendPort ?? 16200,
    workers: options.workers ?? 2,
    mountCheck: (options.devices ?? 'xfs') === 'xfs' ? 'on' : 'off',
    user: 'swift',
    pipeline: options.pipeline ?? USUAL_PIPELINE,
    filters: options.filters ?? {},
  }
}

class Cluster {
  readonly #layout: SwiftLayout
  readonly #options: ReferenceSwiftOptions
  readonly #started: StartedProcess[] = []
  readonly #serving: number[] = []

  constructor(layout: SwiftLayout, options: ReferenceSwiftOptions) {
    this.#layout = layout
    this.#options = options
  }

  servingPids(): readonly number[] {
    return this.#serving
  }

  async start(): Promise<void> {
    const { servers = 'all', rings, daemons } = this.#options
    this.#makeFolders()
    if (servers !== 'proxy') this.#makeDevices()
    if (rings === undefined) await this.#makeRings()
    else this.#takeRings(rings)
    await this.#startSyslog()
    const ports = portsOf(this.#layout)
    const memory = ['-u', 'nobody', '-l', '127.0.0.1', '-p', `${ports.memcached}`, '-m', '512', '-c', '4096']
    const memcached = await this.#run('memcached', 'memcached', memory, 'serving')
    await waitForPort(ports.memcached, memcached)
    if (servers !== 'proxy') await this.#startStorage(ports)
    if (servers !== 'storage') {
      const proxy = await this.#runSwift('proxy-server', 'serving')
      await waitForPort(ports.proxy, proxy)
    }
    if (servers === 'all' && daemons !== 'none') await this.#startDaemons()
  }

  async #startStorage(ports: SwiftPorts): Promise<void> {
    await this.#run('rsyncd', 'rsync', ['--daemon', '--no-detach', `--config=${this.#etc('rsyncd.conf')}`])
    const storage = await Promise.all(
      (['account', 'container', 'object'] as const).map((kind) =>
        this.#runSwift(`${kind}-server`, 'serving'),
      ),
    )
    await Promise.all([
      waitForPort(ports.account, storage[0]),
      waitForPort(ports.container, storage[1]),
      waitForPort(ports.object, storage[2]),
    ])
  }

  /** Rejects, with what the program printed, when it fails. */
  async runToEnd(program: string, args: readonly string[]): Promise<string> {
    const { stdout, stderr } = await execute('unshare', this.#inNamespace(program, args))
    return stdout + stderr
  }

  async stop(): Promise<void> {
    await Promise.all(this.#started.map((started) => stopProcess(started, 3000)))
    this.#started.length = 0
    unmountDevices(this.#layout.home)
    rmSync(this.#layout.home, { recursive: true, force: true })
  }

  #etc(file: string): string {
    return path.join(this.#layout.home, 'etc', file)
  }

  #makeFolders(): void {
    for (const folder of ['etc', 'run', 'log', 'cache', 'images', ...DEVICES.map((name) => `node/${name}`)]) {
      mkdirSync(path.join(this.#layout.home, folder), { recursive: true })
    }
    chmodSync(this.#layout.home, 0o755)
    for (const [file, contents] of Object.entries(configurationFiles(this.#layout))) {
      writeFileSync(this.#etc(file), contents)
    }
    for (const file of ['mime.types', 'container-sync-realms.conf']) {
      if (existsSync(`/etc/swift/${file}`)) copyFileSync(`/etc/swift/${file}`, this.#etc(file))
    }
    for (const [file, contents] of Object.entries(this.#options.files ?? {})) {
      writeFileSync(this.#etc(file), contents)
    }
  }

  #makeDevices(): void {
    const { home } = this.#layout
    for (const name of DEVICES) {
      const folder = path.join(home, 'node', name)
      if (this.#layout.mountCheck === 'on') {
        const image = path.join(home, 'images', name)
        writeFileSync(image, '')
        truncateSync(image, this.#options.deviceBytes ?? 40 * GIB)
        execFileSync('mkfs.xfs', ['-q', '-f', '-i', 'size=512', image])
        execFileSync('mount', ['-o', 'loop,noatime', image, folder])
      }
      chownToSwift(folder)
    }
    chownToSwift(path.join(home, 'cache'))
  }

  async #makeRings(): Promise<void> {
    const ports = portsOf(this.#layout)
    await Promise.all(
      (['account', 'container', 'object'] as const).map((kind) => this.#makeRing(kind, ports[kind])),
    )
    for (const suffix of ['builder', 'ring.gz']) {
      copyFileSync(this.#etc(`object.${suffix}`), this.#etc(`object-1.${suffix}`))
    }
  }

  async #makeRing(name: string, port: number): Promise<void> {
    const builder = (...args: string[]): Promise<unknown> =>
      execute('swift-ring-builder', [this.#etc(`${name}.builder`), ...args])
    await builder('create', ...RING_SHAPE)
    const devices = DEVICES.map((device, at) => `r1z${at + 1}-127.0.0.1:${port}/${device}`)
    await builder('add', ...devices.flatMap((device) => [device, RING_WEIGHT]))
    await builder('rebalance')
  }

  #takeRings(folder: string): void {
    for (const file of readdirSync(folder)) {
      if (file.endsWith('.ring.gz')) copyFileSync(path.join(folder, file), this.#etc(file))
    }
  }

  async #startSyslog(): Promise<void> {
    const program = findProgram('rsyslogd')
    if (program === undefined) return
    const own = path.join(this.#layout.home, 'run', 'rsyslogd.pid')
    await this.#run('rsyslog', program, ['-n', '-f', this.#etc('rsyslog.conf'), '-i', own])
    const socket = path.join(this.#layout.home, 'run', 'log.sock')
    for (let tries = 0; tries < 100 && !existsSync(socket); tries += 1) await sleep(50)
    if (existsSync(socket)) chmodSync(socket, 0o666)
  }

  async #startDaemons(): Promise<void> {
    for (const daemon of ['replicator', 'auditor', 'reaper']) await this.#runSwift(`account-${daemon}`)
    for (const daemon of ['replicator', 'updater', 'auditor', 'sync'])
      await this.#runSwift(`container-${daemon}`)
    for (const daemon of ['replicator', 'updater', 'auditor', 'expirer'])
      await this.#runSwift(`object-${daemon}`)
  }

  /** Runs a Swift program in a mount namespace in which `/etc/swift` is this cluster's `etc`. */
  #runSwift(name: string, role: 'serving' | 'background' = 'background'): Promise<StartedProcess> {
    const kind = name.split('-')[0] ?? ''
    const conf = ['proxy-server', 'object-expirer'].includes(name) ? name : `${kind}-server`
    return this.#run(name, 'unshare', this.#inNamespace(`swift-${name}`, [this.#etc(`${conf}.conf`)]), role)
  }

  #inNamespace(program: string, args: readonly string[]): readonly string[] {
    const script = 'mount --bind "$1" /etc/swift && shift && exec "$@"'
    return ['--mount', '--propagation', 'slave', 'sh', '-c', script, 'sh', this.#etc(''), program, ...args]
  }

  async #run(
    name: string,
    program: string,
    args: readonly string[],
    role: 'serving' | 'background' = 'background',
  ): Promise<StartedProcess> {
    const logFile = path.join(this.#layout.home, 'log', `${name}.out`)
    const started = await startProcess({ name, program, args, logFile, directory: this.#layout.home })
    this.#started.push(started)
    if (role === 'serving') this.#serving.push(started.pid)
    const record = this.#started.map(({ pid }) => `${pid} ${processStartTicks(pid)}`).join('\n')
    writeFileSync(path.join(this.#layout.home, 'run', 'pids'), record)
    return started
  }
}

/** Ends what an earlier run recorded and did not stop (it was killed), and takes its devices off. */
async function stopLeftovers(home: string): Promise<void> {
  const record = path.join(home, 'run', 'pids')
  if (existsSync(record)) {
    const known = readFileSync(record, 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
    const alive = known.filter(
      ([pid, ticks]) => processStartTicks(Number(pid)) === ticks && ticks !== undefined,
    )
    await Promise.all(alive.map(([pid]) => stopProcess({ pid: Number(pid) })))
  }
  unmountDevices(home)
}

function unmountDevices(home: string): void {
  const mounted = readFileSync('/proc/mounts', 'utf8').split('\n')
  for (const name of DEVICES) {
    const folder = path.join(home, 'node', name)
    if (mounted.some((line) => line.split(' ')[1] === folder)) execFileSync('umount', [folder])
  }
}

function chownToSwift(folder: string): void {
  const [uid, gid] = ['-u', '-g'].map((what) =>
    Number(execFileSync('id', [what, 'swift'], { encoding: 'utf8' })),
  )
  chownSync(folder, uid ?? 0, gid ?? 0)
}

function findProgram(program: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/bin', '/bin']
  return folders.map((folder) => path.join(folder, program)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function storageVersion(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/recon/version`)
  const { version } = (await response.json()) as { version?: string }
  return version ?? 'unknown'
}

async function versionOf(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/info`)
  const info = (await response.json()) as { swift?: { version?: string } }
  return info.swift?.version ?? 'unknown'
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      home: { type: 'string' },
      port: { type: 'string' },
      'backend-port': { type: 'string' },
      devices: { type: 'string' },
      daemons: { type: 'string' },
    },
  })
  const swift = await startReferenceSwift({
    ...(values.home === undefined ? {} : { home: path.resolve(values.home) }),
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
    ...(values['backend-port'] === undefined ? {} : { backendPort: Number(values['backend-port']) }),
    ...(values.devices === 'plain' ? { devices: 'plain' as const } : {}),
    ...(values.daemons === 'none' ? { daemons: 'none' as const } : {}),
  })
  console.log(`OpenStack Swift ${swift.version} on ${swift.url}, ${swift.devices}`)
  console.log(`users test:tester (testing)…   serving pids: ${swift.servingPids.join(',')}`)
  const keepAlive = setInterval(() => {}, 60_000)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      clearInterval(keepAlive)
      void swift.stop()
    })
  }
}
