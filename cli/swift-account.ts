/** A user's account on a cluster, over HTTP as any client reaches it: sign in, list, upload, set metadata. */
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, type Dispatcher, request } from 'undici'
import { encodedPathOf } from '#base/names.ts'

export interface SignIn {
  /** `http://127.0.0.1:8080/auth/v1.0` */
  readonly authUrl: string
  readonly user: string
  readonly key: string
}

export interface ListedObject {
  readonly name: string
  readonly hash: string
  readonly bytes: number
  readonly content_type: string
}

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

export interface Asking {
  readonly headers?: Readonly<Record<string, string>>
  /** Made anew for every try. */
  readonly body?: () => Buffer | Readable
  readonly query?: string
}

/** What a cluster said no to; the message is a sentence for the person. */
export class Refused extends Error {
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.name = 'Refused'
    this.status = status
  }
}

/** A server that is not there, or says that it cannot just now, is asked again, each time after twice the pause. */
const TRIES = 4
const FIRST_PAUSE_MS = 250
const PAGE = 10_000

export class SwiftAccount {
  /** Where the account is: `http://127.0.0.1:8080/v1/AUTH_test`. */
  readonly storageUrl: string
  /** Good for every service of the cluster. */
  readonly token: string
  readonly #agent = new Agent({ connections: 16 })

  private constructor(storageUrl: string, token: string) {
    this.storageUrl = storageUrl
    this.token = token
  }

  /** Rejects with `Refused` when the cluster does not know who this is, or cannot be reached. */
  static async open({ authUrl, user, key }: SignIn): Promise<SwiftAccount> {
    const headers = { 'x-auth-user': user, 'x-auth-key': key }
    const answer = await ask(authUrl, { method: 'GET', headers })
    const token = answer.headers['x-auth-token']
    const storageUrl = answer.headers['x-storage-url']
    if (answer.status !== 200 || typeof token !== 'string' || typeof storageUrl !== 'string') {
      throw new Refused(`${authUrl} answered the sign-in of ${user} with ${answer.status}`, answer.status)
    }
    return new SwiftAccount(storageUrl.replace(/\/+$/, ''), token)
  }

  /** Any answer below 500 is an answer; rejects with `Refused` when there is none. */
  async ask(
    method: Dispatcher.HttpMethod,
    container: string,
    object: string | undefined,
    asking: Asking = {},
  ): Promise<Answered> {
    const query = asking.query === undefined ? '' : `?${asking.query}`
    const url = `${this.urlOf(container, object)}${query}`
    const headers = { 'x-auth-token': this.token, ...asking.headers }
    return ask(url, { method, headers, body: asking.body, dispatcher: this.#agent })
  }

  /** Rejects with `Refused` unless the answer is a yes. */
  async must(
    method: Dispatcher.HttpMethod,
    container: string,
    object?: string,
    asking: Asking = {},
  ): Promise<Answered> {
    const answer = await this.ask(method, container, object, asking)
    if (answer.status < 300) return answer
    const what = object === undefined ? container : `${container}/${object}`
    throw new Refused(`${method} of ${what} was answered ${answer.status}`, answer.status)
  }

  /** All objects of a container, in pages. */
  async *list(container: string): AsyncGenerator<ListedObject> {
    for (let marker = ''; ; ) {
      const query = `format=json&limit=${PAGE}&marker=${encodeURIComponent(marker)}`
      const { text } = await this.must('GET', container, undefined, { query })
      const rows = (text === '' ? [] : JSON.parse(text)) as readonly ListedObject[]
      yield* rows
      const last = rows.at(-1)
      if (last === undefined) return
      marker = last.name
    }
  }

  /** What the cluster can do, by section; nothing when it does not tell. */
  async capabilities(): Promise<Readonly<Record<string, unknown>>> {
    const { status, text } = await ask(new URL('/info', this.storageUrl).href, { method: 'GET', headers: {} })
    return status === 200 ? (JSON.parse(text) as Readonly<Record<string, unknown>>) : {}
  }

  /** The address of a container or an object, percent-encoded. */
  urlOf(container: string, object?: string): string {
    // The account is in the storage URL already.
    return this.storageUrl + encodedPathOf({ account: '', container, object }).slice(1)
  }

  close(): Promise<void> {
    return this.#agent.close()
  }
}

interface Sending {
  readonly method: Dispatcher.HttpMethod
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Asking['body']
  readonly dispatcher?: Dispatcher | undefined
}

async function ask(url: string, sending: Sending): Promise<Answered> {
  for (let tried = 1; ; tried += 1) {
    const answer = await askOnce(url, sending)
    const isSettled = !(answer instanceof Error) && answer.status < 500
    if (isSettled) return answer
    if (tried === TRIES) throw answer instanceof Error ? unreachable(url, answer) : unable(url, answer)
    await sleep(FIRST_PAUSE_MS * 2 ** (tried - 1))
  }
}

async function askOnce(
  url: string,
  { method, headers, body, dispatcher }: Sending,
): Promise<Answered | Error> {
  try {
    const response = await request(url, {
      method,
      headers: { ...headers },
      body: body?.() ?? null,
      ...(dispatcher === undefined ? {} : { dispatcher }),
    })
    return { status: response.statusCode, headers: response.headers, text: await response.body.text() }
  } catch (error) {
    return error as Error
  }
}

function unreachable(url: string, error: Error): Refused {
  const code = (error as NodeJS.ErrnoException).code ?? error.message
  return new Refused(`${new URL(url).origin} cannot be reached (${code})`, 0)
}

function unable(url: string, { status }: Answered): Refused {
  return new Refused(`${new URL(url).origin} answered ${status}, ${TRIES} times`, status)
}
