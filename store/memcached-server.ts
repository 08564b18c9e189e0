/**
 * One memcached server: one connection, commands sent one behind the other, replies in their order. A command that is not
 * answered in time breaks the connection, because what comes later could not be told apart. A server that fails is left
 * alone for a while, longer each time.
 */
import type { Clock, Timer } from '#base/environment.ts'
import type { ByteConnection, Connect } from '#http/tcp-client.ts'
import type { Endpoint } from '#http/transport.ts'
import { type Reply, ReplyReader } from './memcached-protocol.ts'

/** From the command to its reply, connecting included: less than a look at the storage servers would take to fail. */
const REPLY_TIMEOUT_MS = 300
const FIRST_PAUSE_MS = 500
const LAST_PAUSE_MS = 30_000
/** Commands that wait for a reply; more of them get none. */
const WAITING_MAX = 1000

export interface MemcachedServerOptions {
  readonly endpoint: Endpoint
  readonly connect: Connect
  readonly clock: Clock
  /** Told when the server begins to fail, and when it answers again. */
  readonly onState: (endpoint: Endpoint, state: 'failing' | 'well', reason: string) => void
}

interface Waiting {
  readonly resolve: (reply: Reply | undefined) => void
  readonly timer: Timer
}

interface Open {
  connection: ByteConnection | undefined
  readonly reader: ReplyReader
  readonly waiting: Waiting[]
}

export class MemcachedServer {
  readonly #options: MemcachedServerOptions
  #open: Open | undefined
  #pauseMs = 0
  #pausedUntilMs = 0

  constructor(options: MemcachedServerOptions) {
    this.#options = options
  }

  /** Sends a command; `undefined` when the server fails to reply. Never rejects. */
  command(bytes: Buffer): Promise<Reply | undefined> {
    const { clock } = this.#options
    if (this.#open === undefined && clock.monotonicMs() < this.#pausedUntilMs)
      return Promise.resolve(undefined)
    const open = (this.#open ??= this.#connect())
    if (open.waiting.length >= WAITING_MAX) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const timer = clock.setTimer(REPLY_TIMEOUT_MS, () => this.#fail(open, 'no reply in time'))
      open.waiting.push({ resolve, timer })
      open.connection?.send(bytes)
    })
  }

  close(): void {
    const open = this.#open
    if (open !== undefined) this.#drop(open)
  }

  #connect(): Open {
    const open: Open = { connection: undefined, reader: new ReplyReader(), waiting: [] }
    open.connection = this.#options.connect(this.#options.endpoint, {
      connected: () => {},
      received: (bytes) => this.#receive(open, bytes),
      closed: (error) => this.#fail(open, error?.message ?? 'connection closed'),
    })
    return open
  }

  #receive(open: Open, bytes: Buffer): void {
    try {
      for (const reply of open.reader.read(bytes)) {
        const first = open.waiting.shift()
        first?.timer.cancel()
        first?.resolve(reply)
      }
    } catch (error) {
      this.#fail(open, String(error))
      return
    }
    if (this.#pauseMs > 0) this.#options.onState(this.#options.endpoint, 'well', 'answers again')
    this.#pauseMs = 0
  }

  #fail(open: Open, reason: string): void {
    if (this.#open !== open) return
    if (this.#pauseMs === 0) this.#options.onState(this.#options.endpoint, 'failing', reason)
    this.#pauseMs = Math.min(Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2), LAST_PAUSE_MS)
    this.#pausedUntilMs = this.#options.clock.monotonicMs() + this.#pauseMs
    this.#drop(open)
  }

  #drop(open: Open): void {
    this.#open = undefined
    open.connection?.destroy()
    for (const { resolve, timer } of open.waiting.splice(0)) {
      timer.cancel()
      resolve(undefined)
    }
  }
}
