/**
 * The public port. The supervisor listens and deals connections to its processes in turn.
 *
 * No connection is lost with a process: what no process can take waits here, and what a process was given but had not
 * taken when it died is dealt to another one. A process that is too busy to take what it has been given gets no more.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { codeOf } from './durable-file.ts'

export interface PublicAddress {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
}

/** Listens, or says to a person why that cannot be. */
export async function listenForPublic(
  address: PublicAddress,
): Promise<PublicPort | { readonly failed: string }> {
  try {
    return await PublicPort.listen(address)
  } catch (error) {
    return { failed: listenFailure(codeOf(error), address) }
  }
}

function listenFailure(code: string, { host, port }: PublicAddress): string {
  if (code === 'EADDRINUSE') return `port ${port} is in use by another program; choose another one`
  if (code === 'EACCES') return `port ${port} may only be opened by root; choose one above 1023`
  if (code === 'EADDRNOTAVAIL') return `${host} is not an address of this machine`
  return `cannot listen on ${host} port ${port} (${code})`
}

/** A process that serves connections. */
export interface Receiver {
  /** Hands over a connection; `taken(id)` of the port is called when it arrived. */
  deal(id: number, socket: Socket): void
}

/** Connections that a process may be given before it took the first of them. */
const OUTSTANDING_MAX = 4
/** Connections that wait here for a process; the kernel holds `BACKLOG` more, further ones are refused. */
const WAITING_MAX = 4096
const BACKLOG = 1024

interface Dealt {
  readonly socket: Socket
  readonly receiver: Receiver
}

export class PublicPort {
  readonly #server: Server
  readonly #outstanding = new Map<Receiver, number>()
  readonly #waiting: Socket[] = []
  readonly #dealt = new Map<number, Dealt>()
  #lastId = 0

  private constructor() {
    this.#server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#arrived(socket))
    this.#server.maxConnections = WAITING_MAX
  }

  /** Listens. Rejects with Node's error (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`…) when it cannot. */
  static async listen(address: PublicAddress): Promise<PublicPort> {
    const port = new PublicPort()
    await new Promise<void>((resolve, reject) => {
      port.#server.once('error', reject)
      port.#server.listen({ ...address, backlog: BACKLOG }, () => {
        port.#server.off('error', reject)
        resolve()
      })
    })
    return port
  }

  /** The bound address; port 0 has become a real one. */
  get address(): PublicAddress {
    const bound = this.#server.address()
    if (bound === null || typeof bound === 'string') throw new Error('the public port is closed')
    return { host: bound.address, port: bound.port }
  }

  /** Connections accepted that no process has taken yet. */
  get waiting(): number {
    return this.#waiting.length + this.#dealt.size
  }

  /** From now on the receiver gets its share of the connections. */
  addReceiver(receiver: Receiver): void {
    this.#outstanding.set(receiver, 0)
    this.#dealWaiting()
  }

  /** The receiver gets no more connections, but may still take what it was given. */
  retire(receiver: Receiver): void {
    this.#outstanding.delete(receiver)
  }

  /** The receiver is gone: others get what it had not taken. */
  lost(receiver: Receiver): void {
    this.retire(receiver)
    for (const [id, dealt] of this.#dealt) {
      if (dealt.receiver !== receiver) continue
      this.#dealt.delete(id)
      this.#waiting.unshift(dealt.socket)
    }
    this.#dealWaiting()
  }

  /** The receiver has the connection; ours is only a copy of it now. */
  taken(id: number): void {
    const dealt = this.#dealt.get(id)
    if (dealt === undefined) return
    this.#dealt.delete(id)
    dealt.socket.destroy()
    const outstanding = this.#outstanding.get(dealt.receiver)
    if (outstanding !== undefined) this.#outstanding.set(dealt.receiver, outstanding - 1)
    this.#dealWaiting()
  }

  /** Stops listening. Connections that nobody has taken are closed. */
  close(): void {
    this.#server.close()
    for (const socket of this.#waiting.splice(0)) socket.destroy()
  }

  #arrived(socket: Socket): void {
    // A client that goes away while it waits is noticed by the process that gets it.
    socket.on('error', () => socket.destroy())
    this.#waiting.push(socket)
    this.#dealWaiting()
  }

  #dealWaiting(): void {
    while (this.#waiting.length > 0) {
      const receiver = this.#nextReceiver()
      if (receiver === undefined) return
      const socket = this.#waiting.shift() as Socket
      if (!socket.destroyed) this.#deal(receiver, socket)
    }
  }

  /** The first in turn that has room; it then goes to the end of the row (a `Map` keeps the order of insertion). */
  #nextReceiver(): Receiver | undefined {
    for (const [receiver, outstanding] of this.#outstanding) {
      if (outstanding >= OUTSTANDING_MAX) continue
      this.#outstanding.delete(receiver)
      this.#outstanding.set(receiver, outstanding + 1)
      return receiver
    }
    return undefined
  }

  #deal(receiver: Receiver, socket: Socket): void {
    this.#lastId += 1
    this.#dealt.set(this.#lastId, { socket, receiver })
    receiver.deal(this.#lastId, socket)
  }
}
