/** Requests that tests of the identity service make again and again, each of which must succeed. */
import type { IdentitySession, Json } from './identity-session.ts'

/** Makes things as the administrator of a session. */
export class SmallWorld {
  readonly session: IdentitySession
  readonly admin: string

  private constructor(session: IdentitySession, admin: string) {
    this.session = session
    this.admin = admin
  }

  static async in(session: IdentitySession): Promise<SmallWorld> {
    return new SmallWorld(session, await session.admin())
  }

  /** Its id. */
  async make(kind: 'user' | 'group' | 'project' | 'role' | 'domain', members: object): Promise<string> {
    const { status, body } = await this.session.ask('POST', `/v3/${kind}s`, this.admin, { [kind]: members })
    if (status !== 201) throw new Error(`${kind} ${JSON.stringify(members)}: ${status}`)
    return body[kind].id
  }

  async put(path: string): Promise<void> {
    const { status } = await this.session.ask('PUT', `/v3${path}`, this.admin)
    if (status >= 300) throw new Error(`${path}: ${status}`)
  }

  /** A token, by password, for a scope in the API's own form. */
  async token(name: string, scope: Json): Promise<string> {
    return (await this.signIn(name, scope)).token
  }

  signIn(name: string, scope: Json): ReturnType<IdentitySession['ask']> {
    const user = { name, domain: { id: 'default' }, password: `${name} secret` }
    const identity = { methods: ['password'], password: { user } }
    return this.session.ask('POST', '/v3/auth/tokens', undefined, { auth: { identity, scope } })
  }
}
