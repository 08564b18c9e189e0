/** A user of a running cluster, over plain HTTP, for tests: signs in and sends requests exactly as told. */
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { Agent, type Dispatcher, request } from 'undici'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

export interface Sending {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | AsyncIterable<Buffer>
}

/** What the cluster of `npm start` knows as its users. */
export const TESTER = { user: 'test:tester', key: 'testing' } as const
export const OTHER_TENANT = { user: 'test2:tester2', key: 'testing2' } as const
export const NO_ADMIN = { user: 'test:tester3', key: 'testing3' } as const

const UNHURRIED_MS = 120_000
const agent = new Agent({
  connections: 256,
  headersTimeout: UNHURRIED_MS,
  bodyTimeout: UNHURRIED_MS,
  connect: { rejectUnauthorized: false },
})

/** Sends one request; the body is read whole. `path` goes out as it stands. */
export async function send(
  method: string,
  url: string,
  path: string,
  sending: Sending = {},
): Promise<Answer> {
  const { statusCode, headers, body } = await agent.request({
    origin: url,
    method: method as Dispatcher.HttpMethod,
    path,
    headers: sending.headers ?? {},
    body: bodyOf(sending.body),
  })
  return { status: statusCode, headers, body: Buffer.from(await body.arrayBuffer()) }
}

function bodyOf(body: Sending['body']): Buffer | Readable | null {
  if (body === undefined || Buffer.isBuffer(body)) return body ?? null
  return Readable.from(body, { objectMode: false })
}

export class Session {
  /** `http://127.0.0.1:8080` */
  readonly url: string
  readonly token: string
  /** `/v1/AUTH_test` */
  readonly account: string

  private constructor(url: string, token: string, account: string) {
    this.url = url
    this.token = token
    this.account = account
  }

  static async signIn(url: string, who: { readonly user: string; readonly key: string }): Promise<Session> {
    const headers = { 'x-auth-user': who.user, 'x-auth-key': who.key }
    const answer = await send('GET', url, '/auth/v1.0', { headers })
    if (answer.status !== 200) throw new Error(`sign-in of ${who.user} was answered ${answer.status}`)
    const storage = new URL(String(answer.headers['x-storage-url']))
    return new Session(url, String(answer.headers['x-auth-token']), storage.pathname)
  }

  /** A request to the account, a container or an object; `path` is below the account and percent-encoded. */
  request(method: string, path: string, sending: Sending = {}): Promise<Answer> {
    const headers = { 'x-auth-token': this.token, ...sending.headers }
    return send(method, this.url, this.account + path, { ...sending, headers })
  }

  /** The response with its body still to be read. */
  open(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Dispatcher.ResponseData> {
    return request(this.url + this.account + path, {
      dispatcher: agent,
      headers: { 'x-auth-token': this.token, ...headers },
    })
  }
}

/** Sends bytes over a connection of their own and gives back all that comes, until the server closes or it is quiet. */
export function exchangeBytes(port: number, bytes: Buffer | string, quietMs = 2_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const received: Buffer[] = []
    const settle = (): void => {
      socket.destroy()
      resolve(Buffer.concat(received).toString('latin1'))
    }
    socket.setTimeout(quietMs, settle)
    socket.on('data', (chunk) => received.push(chunk))
    socket.once('end', settle)
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') settle()
      else reject(error)
    })
    socket.write(bytes)
  })
}

/** The status of what `exchangeBytes` gave; 0 when there was no answer. */
export function statusOf(received: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(received)?.[1] ?? 0)
}

/** Calls `work` for every number below `count`, `atOnce` at a time. */
export async function inParallel(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next
      next += 1
      await work(index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker))
}

/** Waits until something is so, for what happens soon but not at once. */
export async function until(
  t: Test,
  what: string,
  condition: () => Promise<boolean> | boolean,
  withinMs = 60_000,
): Promise<void> {
  const deadlineMs = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadlineMs) return void t.fail(`${what}: not within ${withinMs} ms`)
    await sleep(50)
  }
  t.pass(what)
}
