/** The Images API of a cluster, as the commands of `martlet image` ask it. */
import { Agent, request } from 'undici'
import { Refused, type SwiftAccount } from './swift-account.ts'

export interface Told {
  readonly status: number
  readonly offset: number | undefined
  readonly text: string
}

export class ImageClient {
  readonly #url: string
  readonly #token: string
  readonly #agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 })

  /** The registry of the cluster that has the account. */
  static of({ storageUrl, token }: Pick<SwiftAccount, 'storageUrl' | 'token'>): ImageClient {
    return new ImageClient(new URL('/image', storageUrl).href, token)
  }

  constructor(url: string, token: string) {
    this.#url = url
    this.#token = token
  }

  async create(description: Readonly<Record<string, unknown>>): Promise<string> {
    const told = await this.ask('POST', '/v2/images', {}, Buffer.from(JSON.stringify(description)))
    if (told.status !== 201) throw new Refused(`the image was refused: ${told.text}`, told.status)
    return String((JSON.parse(told.text) as { readonly id: string }).id)
  }

  async ask(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: Buffer | AsyncIterable<Buffer>,
  ): Promise<Told> {
    const response = await request(`${this.#url}${path}`, {
      method,
      headers: { 'x-auth-token': this.#token, accept: 'application/json', ...headers },
      body: (body ?? null) as Buffer | null,
      dispatcher: this.#agent,
    })
    const offset = response.headers['x-image-upload-offset']
    const text = await response.body.text()
    return {
      status: response.statusCode,
      offset: typeof offset === 'string' ? Number(offset) : undefined,
      text: messageIn(text),
    }
  }

  close(): Promise<void> {
    return this.#agent.close()
  }
}

/** Refusals come as JSON with a sentence in it. */
function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown }
    return typeof message === 'string' ? message : text
  } catch {
    return text
  }
}

/** `name=value`, each, as properties. Throws `Refused`. */
export function propertiesOf(written: readonly string[] = []): Readonly<Record<string, string>> {
  const pairs = written.map((one) => {
    const equals = one.indexOf('=')
    if (equals < 1) throw new Refused(`a property is written name=value, and not ${one}`, 0)
    return [one.slice(0, equals), one.slice(equals + 1)] as const
  })
  return Object.fromEntries(pairs)
}
