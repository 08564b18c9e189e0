/** The few calls around a measurement: sign in, make containers, learn what is already there. */
import type { V4Credentials } from '#auth/testing/sign-v4.ts'
import { objectName } from './operations.ts'

const LISTING_PAGE = 10_000

export interface Target {
  readonly url: string
  readonly user: string
  readonly key: string
}

export class SwiftSession {
  readonly host: string
  readonly port: number
  readonly token: string
  /** Path of the account, `/v1/AUTH_…`. */
  readonly accountPath: string
  /** The same user's, for S3. */
  readonly credentials: V4Credentials

  private constructor(url: URL, token: string, storageUrl: string, { user, key }: Target) {
    this.host = url.hostname
    this.port = Number(url.port || 80)
    this.token = token
    this.accountPath = new URL(storageUrl).pathname
    this.credentials = { accessKey: user, secret: key }
  }

  /** Signs in with Swift's v1 authentication. Throws when it is refused. */
  static async open(target: Target): Promise<SwiftSession> {
    const url = new URL(target.url)
    const response = await fetch(new URL('/auth/v1.0', url), {
      headers: { 'x-auth-user': target.user, 'x-auth-key': target.key },
    })
    await response.arrayBuffer()
    const token = response.headers.get('x-auth-token')
    const storageUrl = response.headers.get('x-storage-url')
    if (!response.ok || token === null || storageUrl === null) {
      throw new Error(`${target.url}: sign-in as ${target.user} was answered ${response.status}`)
    }
    return new SwiftSession(url, token, storageUrl, target)
  }

  async makeContainer(container: string): Promise<void> {
    const response = await this.#send('PUT', `/${container}`)
    if (!response.ok) throw new Error(`PUT of container ${container} was answered ${response.status}`)
  }

  /** Numbers below `count` whose object (`objectName`) the container does not list. */
  async missingObjects(container: string, count: number): Promise<number[]> {
    const missing = new Set(Array.from({ length: count }, (_, index) => index))
    for (let marker = ''; ; ) {
      const response = await this.#send('GET', `/${container}?limit=${LISTING_PAGE}&marker=${marker}`)
      const names = (await response.text()).split('\n').filter((name) => name !== '')
      for (const name of names) if (name.startsWith('o')) missing.delete(Number(name.slice(1)))
      marker = names.at(-1) ?? ''
      if (names.length === 0 || marker >= objectName(count)) return [...missing]
    }
  }

  async #send(method: string, resource: string): Promise<Response> {
    const response = await fetch(`http://${this.host}:${this.port}${this.accountPath}${resource}`, {
      method,
      headers: { 'x-auth-token': this.token },
    })
    if (response.status === 204) return new Response('')
    return response
  }
}
