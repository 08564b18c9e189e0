/** What the tests ask of Keystone's Identity API v3: tokens, projects, users, roles, domains. */

const ANSWER_WITHIN_MS = 60_000

export interface Login {
  readonly user: string
  readonly project: string
  /** Name of the domain of both. */
  readonly domain?: string
  readonly password: string
}

type Json = Readonly<Record<string, unknown>>

export class IdentityApi {
  readonly #url: string
  readonly #password: string
  #token = ''

  private constructor(url: string, password: string) {
    this.#url = `${url}/v3`
    this.#password = password
  }

  /** As the administrator that the bootstrap made. */
  static async signIn(url: string, password: string): Promise<IdentityApi> {
    const api = new IdentityApi(url, password)
    api.#token = await api.tokenOf({ user: 'admin', project: 'admin', password })
    return api
  }

  /** A token, scoped to the project. */
  async tokenOf({ user, project, domain = 'Default', password }: Login): Promise<string> {
    const body = {
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: user, domain: { name: domain }, password } },
        },
        scope: { project: { name: project, domain: { name: domain } } },
      },
    }
    const { headers } = await this.#call('POST', '/auth/tokens', body)
    return headers.get('x-subject-token') ?? ''
  }

  /** The token is good no more. */
  async revoke(token: string): Promise<void> {
    await this.#call('DELETE', '/auth/tokens', undefined, { 'x-subject-token': token })
  }

  /** Makes it, and says its id. */
  async make(kind: 'domain' | 'project' | 'role', name: string, domainId?: string): Promise<string> {
    const made = { name, ...(kind === 'project' ? { domain_id: domainId ?? 'default' } : {}) }
    return this.#create(kind, made)
  }

  async makeUser(name: string, domainId = 'default'): Promise<string> {
    return this.#create('user', { name, domain_id: domainId, password: this.#password })
  }

  /** Puts an object store into the catalogue that comes with tokens. */
  async offerObjectStore(url: string): Promise<void> {
    const id = await this.#create('service', { type: 'object-store', name: 'swift' })
    await this.#create('endpoint', { service_id: id, interface: 'public', url })
  }

  async grant(projectId: string, userId: string, roleIds: readonly string[]): Promise<void> {
    for (const id of roleIds) {
      await this.#call('PUT', `/projects/${projectId}/users/${userId}/roles/${id}`)
    }
  }

  /** Of a user, for a project. */
  async makeEc2Credentials(
    userId: string,
    projectId: string,
  ): Promise<{ readonly accessKey: string; readonly secret: string }> {
    const path = `/users/${userId}/credentials/OS-EC2`
    const { body } = await this.#call('POST', path, { tenant_id: projectId })
    const { access, secret } = body['credential'] as { readonly access: string; readonly secret: string }
    return { accessKey: access, secret }
  }

  /** Ids of what there is, by name. */
  async idsOf(kind: 'projects' | 'roles' | 'users'): Promise<ReadonlyMap<string, string>> {
    const { body } = await this.#call('GET', `/${kind}`)
    const listed = body[kind] as readonly { readonly id: string; readonly name: string }[]
    return new Map(listed.map(({ id, name }) => [name, id]))
  }

  async #create(kind: string, members: Json): Promise<string> {
    const { body } = await this.#call('POST', `/${kind}s`, { [kind]: members })
    return (body[kind] as { readonly id: string }).id
  }

  async #call(
    method: string,
    path: string,
    body?: Json,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly headers: Headers; readonly body: Json }> {
    const response = await fetch(this.#url + path, {
      method,
      headers: { 'content-type': 'application/json', 'x-auth-token': this.#token, ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`Keystone: ${method} ${path} was answered ${response.status}: ${text}`)
    return { headers: response.headers, body: text === '' ? {} : (JSON.parse(text) as Json) }
  }
}
