/**
 * A cache shared by all proxies, in memcached. Keys are dealt out over the servers by consistent hashing, so that adding
 * one moves few. A server that does not answer is a cache that knows nothing: no request fails for it, and nobody looks
 * for its keys elsewhere, where they would outlive its absence.
 */
import { hash } from 'node:crypto'
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Connect } from '#http/tcp-client.ts'
import type { Endpoint } from '#http/transport.ts'
import type { SharedCache } from './info-cache.ts'
import { getCommand, storeCommand } from './memcached-protocol.ts'
import { MemcachedServer } from './memcached-server.ts'

export interface MemcachedOptions {
  /** At least one. */
  readonly servers: readonly Endpoint[]
  readonly connect: Connect
  readonly clock: Clock
  readonly log: Logger
}

/** Points of each server on the circle (OpenStack Swift `NODE_WEIGHT`). */
const POINTS_PER_SERVER = 50
/** Another form of what is kept gets another number. */
const KEY_PREFIX = 'martlet/1/'
const VALUE_FLAGS = 0
/** Stands where something was forgotten, so that a read under way cannot bring it back. */
const FORGOTTEN_FLAGS = 1
/** Longer than any read of the storage servers takes, seconds. */
const FORGOTTEN_SECONDS = 15
/** memcached takes no more than 1 MiB with its default settings. */
const VALUE_BYTES_MAX = 900_000

interface Point {
  readonly at: number
  readonly server: MemcachedServer
}

export class MemcachedClient implements SharedCache {
  readonly #circle: readonly Point[]
  readonly #servers: readonly MemcachedServer[]

  constructor({ servers, connect, clock, log }: MemcachedOptions) {
    const onState = (endpoint: Endpoint, state: 'failing' | 'well', reason: string): void => {
      const fields = { server: `${endpoint.host}:${endpoint.port}`, reason }
      if (state === 'failing') log.warn(fields, 'memcached does not answer; going on without it')
      else log.info(fields, 'memcached answers again')
    }
    this.#servers = servers.map((endpoint) => new MemcachedServer({ endpoint, connect, clock, onState }))
    this.#circle = servers
      .flatMap((endpoint, at) => pointsOf(endpoint, this.#servers[at] as MemcachedServer))
      .toSorted((left, right) => left.at - right.at)
  }

  async get(key: string): Promise<string | undefined> {
    const hashed = hashedKey(key)
    const reply = await this.#serverOf(hashed)?.command(getCommand(hashed))
    return reply?.kind === 'value' && reply.flags === VALUE_FLAGS ? reply.bytes.toString('utf8') : undefined
  }

  async add(key: string, value: string, livesSeconds: number): Promise<void> {
    const bytes = Buffer.from(value)
    if (bytes.length > VALUE_BYTES_MAX) return
    const hashed = hashedKey(key)
    const command = storeCommand({ verb: 'add', key: hashed, flags: VALUE_FLAGS, livesSeconds, value: bytes })
    await this.#serverOf(hashed)?.command(command)
  }

  async forget(key: string): Promise<void> {
    const hashed = hashedKey(key)
    const command = storeCommand({
      verb: 'set',
      key: hashed,
      flags: FORGOTTEN_FLAGS,
      livesSeconds: FORGOTTEN_SECONDS,
      value: Buffer.alloc(0),
    })
    await this.#serverOf(hashed)?.command(command)
  }

  close(): void {
    for (const server of this.#servers) server.close()
  }

  /** The first point at or after the key's place on the circle. */
  #serverOf(hashed: string): MemcachedServer | undefined {
    const place = placeOf(hashed)
    let [low, high] = [0, this.#circle.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#circle[middle] as Point).at < place) low = middle + 1
      else high = middle
    }
    return (this.#circle[low] ?? this.#circle[0])?.server
  }
}

function pointsOf({ host, port }: Endpoint, server: MemcachedServer): readonly Point[] {
  return Array.from({ length: POINTS_PER_SERVER }, (_, at) => {
    return { at: placeOf(hash('md5', `${host}:${port}-${at}`)), server }
  })
}

function placeOf(digest: string): number {
  return Number.parseInt(digest.slice(0, 8), 16)
}

/** Keys may be long and have any character; memcached's may not. */
function hashedKey(key: string): string {
  return hash('md5', KEY_PREFIX + key)
}
