/**
 * A cluster of several hosts, on loopback addresses or in network namespaces, each with configuration, ring files and devices of its own, run by
 * `martlet node` and `martlet proxy` as an operator runs them.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Ring } from '#ring/ring.ts'
import { parseRing } from '#ring/ring-file.ts'
import { run } from './programs.ts'
import { MARTLET, RunningMartlet } from './running-cluster.ts'

const PORTS = { account: 6202, container: 6201, object: 6200 } as const

export interface HostClusterOptions {
  /** Empty; everything of the cluster goes there. */
  readonly directory: string
  /** Addresses that no other test has. */
  readonly hosts: readonly string[]
  readonly replicas: number
  /** Words before a command that run it on a host; none for one on a loopback address. */
  readonly commandOf?: (host: string) => readonly string[]
  /** More lines of `[proxy]`. */
  readonly proxySettings?: readonly string[]
}

export interface Printed {
  /** Standard output, then standard error. */
  readonly text: string
  readonly code: number | null
}

export class HostCluster {
  /** Where the operator keeps cluster file and builders. */
  readonly etc: string
  readonly #options: HostClusterOptions

  private constructor(options: HostClusterOptions) {
    this.#options = options
    this.etc = join(options.directory, 'etc')
  }

  /** Makes all files; nothing runs yet. Every host has one device `d1`. */
  static async make(options: HostClusterOptions): Promise<HostCluster> {
    const cluster = new HostCluster(options)
    mkdirSync(cluster.etc)
    await cluster.martlet('cluster', 'create', 'cluster.json')
    for (const name of ['account', 'container', 'object'] as const) await cluster.#makeRing(name)
    for (const host of options.hosts) cluster.#makeHost(host)
    return cluster
  }

  /** Runs `martlet …` in the directory of the builders. */
  async martlet(...args: readonly string[]): Promise<Printed> {
    const { code, stdout, stderr } = await run(process.execPath, [MARTLET, ...args], { directory: this.etc })
    return { text: stdout + stderr, code }
  }

  async #makeRing(name: keyof typeof PORTS): Promise<void> {
    const { hosts, replicas } = this.#options
    const builder = `${name}.builder`
    const places = hosts.flatMap((host, at) => [`r1z${at + 1}-${host}:${PORTS[name]}/d1`, '100'])
    await this.martlet('ring', 'create', builder, '6', String(replicas), '0')
    await this.martlet('ring', 'add', builder, ...places)
    await this.martlet('ring', 'rebalance', builder, '--seed', '1')
  }

  #makeHost(host: string): void {
    mkdirSync(this.path(host, 'rings'), { recursive: true })
    mkdirSync(this.path(host, 'srv', 'd1'), { recursive: true })
    for (const file of readdirSync(this.etc).filter((name) => name.endsWith('.ring.gz')))
      copyFileSync(join(this.etc, file), this.path(host, 'rings', file))
    const settings = [
      '[cluster]',
      `file = "${join(this.etc, 'cluster.json')}"`,
      `rings = "${this.path(host, 'rings')}"`,
      '[storage]',
      `host = "${host}"`,
      `devices = "${this.path(host, 'srv')}"`,
      '[proxy]',
      `host = "${host}"`,
      'port = 8080',
      'processes = 1',
      `internal_host = "${host}"`,
      'internal_port = 6300',
      `peers = ["${host}:6300"]`,
      `state = "${this.path(host, 'state')}"`,
      ...(this.#options.proxySettings ?? []),
      '[auth]',
      'users = ["test:tester testing .admin"]',
    ]
    writeFileSync(this.config(host), settings.join('\n'))
  }

  /** Below the directory of a host. */
  path(host: string, ...parts: readonly string[]): string {
    return join(this.#options.directory, host, ...parts)
  }

  config(host: string): string {
    return this.path(host, 'martlet.toml')
  }

  /** The ring in a file of the host's. */
  ring(host: string, file = 'object.ring.gz'): Ring {
    const parsed = parseRing(readFileSync(this.path(host, 'rings', file)))
    if (parsed.kind === 'broken') throw new Error(`${file} of ${host}: ${parsed.reason}`)
    return parsed.ring
  }

  async startNode(t: Test, host: string, ...args: readonly string[]): Promise<RunningMartlet> {
    const node = this.#run(host, 'node', ...args)
    t.teardown(() => node.stop())
    await node.printed(/are ready/)
    return node
  }

  async startProxy(t: Test, host: string): Promise<RunningMartlet> {
    const proxy = this.#run(host, 'proxy')
    t.teardown(() => proxy.stop())
    await proxy.printed(/are ready at/)
    return proxy
  }

  #run(host: string, command: 'node' | 'proxy', ...args: readonly string[]): RunningMartlet {
    const before = this.#options.commandOf?.(host) ?? []
    return new RunningMartlet([command, '--config', this.config(host), ...args], before)
  }
}
