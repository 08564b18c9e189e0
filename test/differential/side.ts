/** One of the two clusters under comparison: its users are signed in, and steps become the bytes of its requests. */
import type { Sender, Step } from './step.ts'
import { type Address, sendBytes, type WireAnswer } from './wire.ts'

/** `user:key` of everybody who sends requests; both clusters know the same ones. */
const USERS: Readonly<Record<Exclude<Sender, 'nobody'>, readonly [user: string, key: string]>> = {
  tester: ['test:tester', 'testing'],
  plain: ['test:tester3', 'testing3'],
  other: ['test2:tester2', 'testing2'],
  reseller: ['admin:admin', 'admin'],
}

const ACCOUNT = '/v1/AUTH_test'

export class Side {
  readonly #address: Address
  readonly #tokens: ReadonlyMap<Sender, string>
  readonly #answers = new Map<string, WireAnswer>()
  /** Manifests tell when their segments were written, which differs between two clusters. */
  readonly #manifestDigests = new Set<string>()

  private constructor(address: Address, tokens: ReadonlyMap<Sender, string>) {
    this.#address = address
    this.#tokens = tokens
  }

  /** Signs everybody in. Throws when the cluster does not know one of them. */
  static async open(url: string): Promise<Side> {
    const tokens = new Map<Sender, string>()
    for (const [sender, [user, key]] of Object.entries(USERS)) {
      const response = await fetch(new URL('/auth/v1.0', url), {
        headers: { 'x-auth-user': user, 'x-auth-key': key },
      })
      await response.arrayBuffer()
      const token = response.headers.get('x-auth-token')
      if (token === null) throw new Error(`${url} answered the sign-in of ${user} with ${response.status}`)
      tokens.set(sender as Sender, token)
    }
    const { hostname, port } = new URL(url)
    return new Side({ host: hostname, port: Number(port) }, tokens)
  }

  /** Sends the step and remembers the answer for the steps that refer to it. */
  async send(step: Step): Promise<WireAnswer> {
    const answer = await sendBytes(this.#address, this.#bytesOf(step), step.method)
    this.#answers.set(step.name, answer)
    const digest = answer.headers.find(([name]) => name.toLowerCase() === 'x-manifest-etag')?.[1]
    if (digest !== undefined) this.#manifestDigests.add(digest.replaceAll('"', ''))
    return answer
  }

  /** `host:port`, tokens and digests of manifests of this side, which may stand in its answers. */
  secrets(): readonly string[] {
    return [this.#host(), ...this.#tokens.values(), ...this.#manifestDigests]
  }

  #host(): string {
    return `${this.#address.host}:${this.#address.port}`
  }

  #bytesOf(step: Step): Buffer {
    if (step.raw !== undefined) {
      const token = this.#tokens.get('tester') ?? ''
      const text = step.raw.replace('{host}', this.#host()).replace('{token}', token)
      return Buffer.from(text.replaceAll('{host}', this.#host()).replace('~', ACCOUNT), 'latin1')
    }
    const body = step.body === undefined ? undefined : Buffer.from(step.body)
    const path = this.#resolved(step.path.replace(/^~/, ACCOUNT))
    const lines = [`${step.method} ${path} HTTP/1.1`]
    for (const [name, value] of Object.entries(this.#headersOf(step, body))) lines.push(`${name}: ${value}`)
    return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), framed(step, body)])
  }

  #headersOf(step: Step, body: Buffer | undefined): Record<string, string> {
    const headers: Record<string, string> = { Host: this.#host() }
    const token = this.#tokens.get(step.as ?? 'tester')
    if (token !== undefined) headers['X-Auth-Token'] = token
    if (step.framing === 'chunked') headers['Transfer-Encoding'] = 'chunked'
    else if (body !== undefined && step.framing !== 'none') headers['Content-Length'] = String(body.length)
    for (const [name, value] of Object.entries(step.headers ?? {})) headers[name] = this.#resolved(value)
    return headers
  }

  #resolved(value: string): string {
    return value.replace(/\{header (\S+) of ([^}]+)\}/, (_, name: string, step: string) => {
      const headers = this.#answers.get(step)?.headers ?? []
      return headers.find(([known]) => known.toLowerCase() === name)?.[1] ?? ''
    })
  }
}

function framed(step: Step, body: Buffer | undefined): Buffer {
  if (body === undefined) return Buffer.alloc(0)
  if (step.framing !== 'chunked') return body
  if (body.length === 0) return Buffer.from('0\r\n\r\n')
  const size = Buffer.from(`${body.length.toString(16)}\r\n`)
  return Buffer.concat([size, body, Buffer.from('\r\n0\r\n\r\n')])
}
