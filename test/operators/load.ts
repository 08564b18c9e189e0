/** Clients that write, read and delete all the time while an operator is at work. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { RunningCluster } from '#test/running-cluster.ts'
import { Session, TESTER } from '#test/session.ts'

/** Between two requests of a client: two that never rest keep two processors from everybody else, milliseconds. */
const REST_MS = 20

export class Load {
  readonly session: Session
  /** Answers that no client should have had. */
  readonly failures: string[] = []
  requests = 0
  #isOver = false
  readonly #clients: readonly Promise<void>[]

  private constructor(session: Session, container: string, clients: number) {
    this.session = session
    this.#clients = Array.from({ length: clients }, (_, client) => this.#work(container, client))
  }

  /** Signs in, makes the container and begins; stopped at the end of the test at the latest. */
  static async begin(t: Test, cluster: RunningCluster, container: string, clients = 2): Promise<Load> {
    const session = await Session.signIn(cluster.url, TESTER)
    await session.request('PUT', `/${container}`)
    const load = new Load(session, container, clients)
    t.teardown(() => load.stop())
    return load
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#clients)
  }

  async #work(container: string, client: number): Promise<void> {
    for (let round = 0; !this.#isOver; round += 1) {
      const path = `/${container}/${client}-${round % 50}`
      const body = Buffer.from(`${path} ${round}`)
      await this.#try('PUT', path, 201, body)
      await this.#try('GET', path, 200)
      if (round % 5 === 4) await this.#try('DELETE', path, 204)
    }
  }

  async #try(method: string, path: string, expected: number, body?: Buffer): Promise<void> {
    this.requests += 1
    const { status } = await this.session.request(method, path, body === undefined ? {} : { body })
    if (status !== expected) this.failures.push(`${method} ${path}: ${status}`)
    await sleep(REST_MS)
  }
}
