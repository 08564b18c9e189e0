/** Keystone's twin: the two requests that are made of it, over the network in memory, and ways for it to fail. */
import type { Clock } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { MemoryTransport } from '#http/memory-transport.ts'
import { type Handler, type Request, type Response, readWhole } from '#http/message.ts'
import type { KeystoneAddress } from '../keystone/keystone-exchange.ts'
import type { KeystoneCredentials } from '../keystone/own-token.ts'
import type { KeystoneToken } from '../keystone/token-answer.ts'

const ENDPOINT = { host: 'keystone', port: 5000 } as const
export const ADDRESS: KeystoneAddress = { endpoint: ENDPOINT, basePath: '/v3', secure: false }
export const CREDENTIALS: KeystoneCredentials = {
  kind: 'password',
  user: 'swift',
  userDomain: 'Default',
  password: 'the service password',
  project: 'service',
  projectDomain: 'Default',
}

const BODY_BYTES_MAX = 65_536
const HOUR_MS = 3_600_000

/** A token as Keystone tells of it. */
export function tokenBody(token: KeystoneToken): Buffer {
  const { user, project, roles, expiresAtMs, accessRules } = token
  const named = ({ id, name, domainId }: KeystoneToken['user']): unknown => ({
    id,
    name,
    domain: { id: domainId, name: 'a domain' },
  })
  return Buffer.from(
    JSON.stringify({
      token: {
        user: named(user),
        ...(project === undefined ? {} : { project: named(project) }),
        roles: roles.map((name) => ({ id: `id of ${name}`, name })),
        expires_at: new Date(expiresAtMs).toISOString(),
        ...(accessRules === undefined ? {} : { application_credential: { access_rules: accessRules } }),
      },
    }),
  )
}

export class FakeKeystone {
  readonly transport: MemoryTransport
  /** Good subject tokens. */
  readonly tokens = new Map<string, KeystoneToken>()
  /** Method and target of every request, in order. */
  readonly asked: string[] = []
  /** Stands in for the whole service when set. */
  instead: Handler | undefined
  readonly #clock: Clock
  #ownTokens = 0
  #accepted = ''

  constructor(clock: Clock) {
    this.#clock = clock
    this.transport = new MemoryTransport({ clock, log: silentLogger })
    this.transport.register(ENDPOINT, (request) => this.#handle(request))
  }

  /** The token that we were given is not accepted any more. */
  refuseOwnToken(): void {
    this.#accepted = ''
  }

  async #handle(request: Request): Promise<Response> {
    this.asked.push(`${request.method} ${request.path}?${request.query}`)
    if (this.instead !== undefined) return this.instead(request)
    return request.method === 'POST' ? this.#signIn(request) : this.#validate(request)
  }

  async #signIn(request: Request): Promise<Response> {
    const body = (await readWhole(request.body, BODY_BYTES_MAX)).toString()
    if (!body.includes('"the service password"')) return { status: 401, headers: {}, body: undefined }
    this.#ownTokens += 1
    this.#accepted = `own token ${this.#ownTokens}`
    const expires = new Date(this.#clock.wallMs() + HOUR_MS).toISOString()
    return {
      status: 201,
      headers: { 'x-subject-token': this.#accepted },
      body: Buffer.from(JSON.stringify({ token: { expires_at: expires } })),
    }
  }

  #validate({ headers, query }: Request): Response {
    if (headers['x-auth-token'] !== this.#accepted) return { status: 401, headers: {}, body: undefined }
    const token = this.tokens.get(headers['x-subject-token'] ?? '')
    const isGood =
      token !== undefined && (token.expiresAtMs > this.#clock.wallMs() || query.includes('allow_expired=1'))
    return isGood
      ? { status: 200, headers: {}, body: tokenBody(token) }
      : { status: 404, headers: {}, body: undefined }
  }
}

/** A user `jo` of the project `demo`, in the default domain. */
export function tokenOf(overrides: Partial<KeystoneToken> = {}): KeystoneToken {
  return {
    user: { id: 'b'.repeat(32), name: 'jo', domainId: 'default' },
    project: { id: 'a'.repeat(32), name: 'demo', domainId: 'default' },
    roles: ['member', 'swiftoperator'],
    expiresAtMs: Date.parse('2100-01-01T00:00:00.000Z'),
    ...overrides,
  }
}
