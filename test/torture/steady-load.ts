/**
 * Clients that put, replace and delete without a pause and remember what they were told. Each has names of its own, so that
 * what must be there is certain: the last thing it was told, or one of those it never heard of since.
 */
import { createHash } from 'node:crypto'
import type { Session } from '#test/session.ts'

/** What may be stored under a name; `undefined` stands for nothing. */
type Possible = Set<string | undefined>

export interface LoadFigures {
  readonly requests: number
  readonly acknowledged: number
  /** Refused, or the connection broke. */
  readonly uncertain: number
}

export interface Comparison {
  readonly names: number
  /** One sentence each. */
  readonly lost: readonly string[]
}

const NAMES_PER_CLIENT = 40
const CLIENTS = 6
const DELETES = 0.15
const BODY_REPEAT_MAX = 300
/** Until a cluster that was hurt answers for everything again, milliseconds. */
const READ_WITHIN_MS = 90_000
const LIST_WITHIN_MS = 90_000

export class SteadyLoad {
  static #loads = 0
  readonly #sessions: readonly Session[]
  /** Its own: what an earlier load left on the same cluster is none of its business. */
  readonly #container: string
  readonly #possible = new Map<string, Possible>()
  #clients: readonly Promise<void>[] = []
  readonly #stopping = new AbortController()
  #requests = 0
  #acknowledged = 0
  #uncertain = 0

  private constructor(sessions: readonly Session[], container: string) {
    this.#sessions = sessions
    this.#container = container
  }

  /** Begins to work at once. The clients are shared out over the sessions. */
  static async start(...sessions: readonly [Session, ...Session[]]): Promise<SteadyLoad> {
    SteadyLoad.#loads += 1
    const container = `/torture-${SteadyLoad.#loads}`
    await sessions[0].request('PUT', container)
    const load = new SteadyLoad(sessions, container)
    load.#clients = Array.from({ length: CLIENTS }, (_, client) => load.#work(client))
    return load
  }

  get figures(): LoadFigures {
    return { requests: this.#requests, acknowledged: this.#acknowledged, uncertain: this.#uncertain }
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#clients)
  }

  /** Reads everything back, through the listing too. */
  async compare(session: Session): Promise<Comparison> {
    const lost: string[] = []
    const found = new Set<string>()
    for (const [name, possible] of this.#possible) {
      const stored = await read(session, `${this.#container}/${name}`)
      if (stored !== undefined) found.add(name)
      if (!possible.has(stored))
        lost.push(`${name} is ${shortened(stored)}, not ${[...possible].map(shortened).join(' or ')}`)
    }
    lost.push(...(await listingFaults(session, this.#container, found)))
    return { names: this.#possible.size, lost }
  }

  async #work(client: number): Promise<void> {
    const session = this.#sessions[client % this.#sessions.length] as Session
    for (let round = 0; !this.#stopping.signal.aborted; round += 1) {
      const name = `client-${client}-${round % NAMES_PER_CLIENT}`
      const deletes = fractionOf(`${name} ${round}`) < DELETES
      await this.#write(session, name, deletes ? undefined : contentOf(name, round))
    }
  }

  async #write(session: Session, name: string, content: string | undefined): Promise<void> {
    this.#requests += 1
    const before = this.#possible.get(name) ?? new Set([undefined])
    this.#possible.set(name, new Set([...before, content]))
    try {
      const answer =
        content === undefined
          ? await session.request('DELETE', `${this.#container}/${name}`)
          : await session.request('PUT', `${this.#container}/${name}`, { body: Buffer.from(content) })
      const isDone = answer.status === (content === undefined ? 204 : 201)
      if (isDone) this.#possible.set(name, new Set([content]))
      if (isDone) this.#acknowledged += 1
      else this.#uncertain += 1
    } catch {
      this.#uncertain += 1
    }
  }
}

async function read(session: Session, path: string): Promise<string | undefined> {
  const untilMs = performance.now() + READ_WITHIN_MS
  for (;;) {
    const answer = await session
      .request('GET', path, { headers: { 'x-newest': 'true' } })
      .catch(() => undefined)
    if (answer?.status === 200) return answer.body.toString()
    if (answer?.status === 404) return undefined
    if (performance.now() > untilMs) throw new Error(`${path} cannot be read: ${answer?.status}`)
    await pause(250)
  }
}

/** A listing that does not say what the objects say, after its time to catch up. */
async function listingFaults(
  session: Session,
  container: string,
  stored: ReadonlySet<string>,
): Promise<readonly string[]> {
  const untilMs = performance.now() + LIST_WITHIN_MS
  for (;;) {
    const answer = await session.request('GET', `${container}?format=json&limit=10000`).catch(() => undefined)
    const rows = answer?.status === 200 ? (JSON.parse(answer.body.toString()) as { name: string }[]) : []
    const listed = new Set(rows.map(({ name }) => name))
    const missing = [...stored].filter((name) => !listed.has(name)).map((name) => `${name} is not listed`)
    const ghosts = [...listed]
      .filter((name) => !stored.has(name))
      .map((name) => `${name} is listed, but gone`)
    if (missing.length + ghosts.length === 0) return []
    if (performance.now() > untilMs) return [...missing, ...ghosts]
    await pause(500)
  }
}

function contentOf(name: string, round: number): string {
  const line = createHash('sha256').update(`${name} ${round}`).digest('hex')
  return line.repeat(1 + ((round * 37) % BODY_REPEAT_MAX))
}

/** A number from 0 to 1 that follows from the text. */
function fractionOf(text: string): number {
  return createHash('md5').update(text).digest().readUInt32BE() / 2 ** 32
}

function shortened(content: string | undefined): string {
  return content === undefined ? 'nothing' : `${content.slice(0, 12)}… (${content.length} bytes)`
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
