/**
 * Hosts of their own on this machine: network namespaces joined by a switch, with links between any two of them that can
 * be cut one way or both ways and healed. What is sent over a cut link vanishes without a word, as it does in a network;
 * nobody is told that a connection is gone. Needs root and `ip` of iproute2.
 */
import { spawnSync } from 'node:child_process'
import type { Test } from 'tap'

/** A neighbour that nobody is: what is sent to it goes nowhere. */
const NOBODY = '02:00:00:00:00:01'
const PREFIX_BITS = 24
const FIRST_HOST = 10

export interface NetworkHost {
  readonly address: string
  /** Words before a command that run it there. */
  readonly command: readonly string[]
}

/** Why hosts cannot be made here, or `undefined`. */
export function whyNoNetwork(): string | undefined {
  return process.getuid?.() === 0 ? undefined : 'network namespaces need root'
}

export class Network {
  readonly hosts: readonly NetworkHost[]
  readonly #name: string
  readonly #cuts = new Map<string, readonly [from: number, to: number]>()

  private constructor(name: string, network: string, count: number) {
    this.#name = name
    this.hosts = Array.from({ length: count }, (_, index) => ({
      address: `${network}.${FIRST_HOST + index}`,
      command: ['ip', 'netns', 'exec', `${name}h${index}`],
    }))
  }

  /** Makes the hosts and a way to them from here; all is taken away when the test ends. Throws what `ip` says. */
  static make(t: Test, count: number): Network {
    const name = `mt${process.pid}`
    // Addresses for tests between networks (RFC 2544).
    const network = `198.${18 + ((process.pid >> 8) & 1)}.${process.pid & 255}`
    const made = new Network(name, network, count)
    t.teardown(() => made.#remove())
    made.#makeSwitch(`${network}.1`)
    made.hosts.forEach(({ address }, index) => made.#makeHost(index, address))
    return made
  }

  /** From now on nothing that `from` sends reaches `to`; the other direction stays as it is. */
  cut(from: number, to: number): void {
    this.#cuts.set(`${from} ${to}`, [from, to])
    this.#neighbour('replace', from, to, 'lladdr', NOBODY, 'nud', 'permanent')
  }

  /** Nothing passes between the two groups any more. */
  split(left: readonly number[], right: readonly number[]): void {
    for (const one of left) {
      for (const other of right) {
        this.cut(one, other)
        this.cut(other, one)
      }
    }
  }

  heal(): void {
    for (const [from, to] of this.#cuts.values()) this.#neighbour('del', from, to)
    this.#cuts.clear()
  }

  #neighbour(action: 'replace' | 'del', from: number, to: number, ...how: readonly string[]): void {
    const address = this.hosts[to]?.address ?? ''
    ip('-n', this.#hostName(from), 'neigh', action, address, ...how, 'dev', 'eth0')
  }

  #hostName(index: number): string {
    return `${this.#name}h${index}`
  }

  /** In a namespace of its own, so that no firewall of this machine looks at what passes. */
  #makeSwitch(address: string): void {
    const there = ['-n', `${this.#name}s`]
    ip('netns', 'add', `${this.#name}s`)
    ip(...there, 'link', 'add', 'switch', 'type', 'bridge')
    ip(...there, 'link', 'set', 'switch', 'up')
    ip('link', 'add', this.#name, 'type', 'veth', 'peer', 'name', 'us', 'netns', `${this.#name}s`)
    ip(...there, 'link', 'set', 'us', 'master', 'switch', 'up')
    ip('addr', 'add', `${address}/${PREFIX_BITS}`, 'dev', this.#name)
    ip('link', 'set', this.#name, 'up')
  }

  #makeHost(index: number, address: string): void {
    const name = this.#hostName(index)
    const port = `port${index}`
    ip('netns', 'add', name)
    ip('-n', name, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', port, 'netns', `${this.#name}s`)
    ip('-n', `${this.#name}s`, 'link', 'set', port, 'master', 'switch', 'up')
    ip('-n', name, 'addr', 'add', `${address}/${PREFIX_BITS}`, 'dev', 'eth0')
    ip('-n', name, 'link', 'set', 'lo', 'up')
    ip('-n', name, 'link', 'set', 'eth0', 'up')
  }

  #remove(): void {
    const names = [...this.hosts.keys()].map((index) => this.#hostName(index))
    for (const name of [...names, `${this.#name}s`]) spawnSync('ip', ['netns', 'del', name])
    spawnSync('ip', ['link', 'del', this.#name])
  }
}

function ip(...words: readonly string[]): void {
  const { status, stderr, error } = spawnSync('ip', words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${words.join(' ')}: ${error?.message ?? stderr}`)
}
