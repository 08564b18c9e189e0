/** An account of a Swift elsewhere: requests under a token that is taken out when it is needed, and anew when it is refused. */
import type { Response } from '#http/message.ts'
import { discard } from '#http/message.ts'
import { type RemoteNetwork, Site, type SiteRequest, type SmallAnswer, type Unreachable } from './site.ts'
import { HeldSession, type Session, type SignIn } from './swift-sign-in.ts'

export class SwiftAccount {
  readonly #network: RemoteNetwork
  readonly #session: HeldSession
  readonly #sites = new Map<string, Site>()

  constructor(network: RemoteNetwork, signIn: SignIn) {
    this.#network = network
    this.#session = new HeldSession(network.clock, signIn)
  }

  /** The whole answer; the request may be sent several times. */
  async ask(request: SiteRequest): Promise<SmallAnswer | Unreachable> {
    return await this.#signedIn((session) => {
      const site = this.#siteOf(session)
      return site.ask(() => withToken(request, session))
    })
  }

  /** An answer that streams; the request may be sent several times. */
  async open(request: SiteRequest): Promise<Response | Unreachable> {
    return await this.#signedIn((session) => {
      const site = this.#siteOf(session)
      return site.repeat(() => site.send(withToken(request, session)))
    })
  }

  /** A request whose body is there once. */
  async sendOnce(request: SiteRequest): Promise<SmallAnswer | Unreachable> {
    const session = await this.#session.get()
    if (session.kind === 'unreachable') return session
    const answer = await this.#siteOf(session).askOnce(withToken(request, session))
    if (answer.kind === 'answer' && answer.status === 401) this.#session.forget(session)
    return answer
  }

  async #signedIn<Answer extends Response | SmallAnswer>(
    ask: (session: Session) => Promise<Answer | Unreachable>,
  ): Promise<Answer | Unreachable> {
    const first = await this.#session.get()
    if (first.kind === 'unreachable') return first
    const answer = await ask(first)
    if (!('status' in answer) || answer.status !== 401) return answer
    if ('body' in answer) await discard(answer)
    this.#session.forget(first)
    const second = await this.#session.get()
    return second.kind === 'unreachable' ? second : await ask(second)
  }

  #siteOf({ url }: Session): Site {
    const known = this.#sites.get(url.href)
    if (known !== undefined) return known
    const site = new Site(this.#network, url)
    this.#sites.set(url.href, site)
    return site
  }
}

function withToken(request: SiteRequest, { token }: Session): SiteRequest {
  return { ...request, headers: { ...request.headers, 'x-auth-token': token } }
}
