/** The identity service over records in memory, and requests to it without a socket. */
import { randomBytes, randomInt } from 'node:crypto'
import { keyRingOf } from '#auth/key-ring.ts'
import { DEFAULT_RESELLERS } from '#auth/principal.ts'
import { DEVELOPMENT_USERS, UserDirectory, type UserEntry } from '#auth/users.ts'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { bufferBody, EMPTY_BODY, ownRequest, type Response, readWhole } from '#http/message.ts'
import { onlyDesk } from '#store/desk/peer-desks.ts'
import type { OperationContext } from '#store/operation.ts'
import type { Records } from '#store/records/contract.ts'
import { MemoryRecords } from '#store/records/memory-records.ts'
import { SecretSeal } from '#store/records/secret-seal.ts'
import { GuessDesk } from '../guess-desk.ts'
import { type Identity, openIdentity } from '../open-identity.ts'

export const CONTEXT: OperationContext = { txId: 'tx-identity', signal: undefined, log: silentLogger }

/** Answers are looked into without ceremony. */
export type Json = ReturnType<typeof JSON.parse>

export interface Answer {
  readonly status: number
  readonly token: string
  readonly body: Json
  readonly headers: Response['headers']
}

const RANDOM = { bytes: randomBytes, below: (limit: number) => randomInt(limit) }
const LIFE_SECONDS = 86_400
const FAILURES = 3

export interface SessionOptions {
  readonly records?: Records
  readonly entries?: readonly UserEntry[]
  readonly clock?: VirtualClock
  readonly passwordLifeMs?: number
}

export class IdentitySession {
  readonly clock: VirtualClock
  readonly records: Records
  readonly identity: Identity
  readonly users: UserDirectory

  constructor({ records, entries = DEVELOPMENT_USERS, clock, passwordLifeMs }: SessionOptions = {}) {
    this.clock = clock ?? new VirtualClock()
    this.records = records ?? new MemoryRecords()
    const secret = { id: 1, secret: 'a secret for tests' }
    const desk = new GuessDesk(this.clock, { failures: FAILURES, holdMs: 300_000 })
    this.users = new UserDirectory(entries, DEFAULT_RESELLERS)
    this.identity = openIdentity({
      environment: { clock: this.clock, random: RANDOM },
      records: this.records,
      secrets: new SecretSeal(keyRingOf([secret], 'martlet record seal v1'), RANDOM),
      keys: keyRingOf([secret]),
      desks: onlyDesk(desk.answer),
      entries,
      users: this.users,
      resellers: DEFAULT_RESELLERS,
      lifeSeconds: LIFE_SECONDS,
      passwordLifeMs,
      region: 'RegionOne',
      urlScheme: 'default',
      hashCost: { logN: 1, r: 1, p: 1 },
    })
  }

  /** `path` after `/identity`, with its query. */
  async ask(method: string, path: string, token?: string, body?: Json, more: object = {}): Promise<Answer> {
    const [before = '', query = ''] = `/identity${path}`.split(/\?(.*)/s)
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    const request = ownRequest({
      method,
      path: before,
      query,
      headers: {
        host: 'door.example:8080',
        ...(token === undefined ? {} : { 'x-auth-token': token }),
        ...more,
      },
      body: bytes === undefined ? EMPTY_BODY : bufferBody(bytes),
      remoteAddress: '192.0.2.1',
    })
    const { status, headers, body: answered } = await this.identity.service(request, CONTEXT)
    const text = (await readWhole(answered, Number.MAX_SAFE_INTEGER)).toString()
    return {
      status,
      headers,
      token: String(headers['x-subject-token'] ?? ''),
      body: text === '' ? undefined : JSON.parse(text),
    }
  }

  /** A token by name and password; in the project, or where the user's default is. */
  login(name: string, password: string, project?: string): Promise<Answer> {
    const domain = { id: 'default' }
    const scope = project === undefined ? {} : { scope: { project: { name: project, domain } } }
    return this.ask('POST', '/v3/auth/tokens', undefined, {
      auth: {
        identity: { methods: ['password'], password: { user: { name, domain, password } } },
        ...scope,
      },
    })
  }

  /** A token of the development administrator. */
  async admin(): Promise<string> {
    return (await this.login('admin', 'admin', 'admin')).token
  }

  /** A user with a role in a project of its own; ids of both. */
  async person(name: string, role: string): Promise<{ readonly userId: string; readonly projectId: string }> {
    const admin = await this.admin()
    const password = `${name} secret`
    const user = await this.ask('POST', '/v3/users', admin, { user: { name, password } })
    const project = await this.ask('POST', '/v3/projects', admin, { project: { name: `of ${name}` } })
    const roles = await this.ask('GET', `/v3/roles?name=${role}`, admin)
    const [userId, projectId] = [user.body.user.id, project.body.project.id]
    await this.ask('PUT', `/v3/projects/${projectId}/users/${userId}/roles/${roles.body.roles[0].id}`, admin)
    return { userId, projectId }
  }
}
