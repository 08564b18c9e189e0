/** What the tests ask of a registry behind a real port. */
import { createCipheriv, createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { request } from 'undici'

const MIB = 1024 * 1024
const PATCH = 'application/openstack-images-v2.1-json-patch'

export type ImageJson = Readonly<Record<string, unknown>>

/** Bytes that look like chance and are the same every time, in chunks of a mebibyte. */
export function* seededBytes(mebibytes: number): Generator<Buffer> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 'seed'), Buffer.alloc(16))
  const zeros = Buffer.alloc(MIB)
  for (let at = 0; at < mebibytes; at += 1) yield cipher.update(zeros)
}

export function sha256Of(chunks: Iterable<Buffer>): string {
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

/** One person at the registry of one proxy. */
export class ImageClient {
  readonly url: string
  readonly #token: string

  /** `url`: `http://host:port` */
  constructor(url: string, token: string) {
    this.url = `${url}/image/v2`
    this.#token = token
  }

  get headers(): Readonly<Record<string, string>> {
    return { 'x-auth-token': this.#token }
  }

  async create(members: ImageJson): Promise<string> {
    const body = { disk_format: 'raw', container_format: 'bare', ...members }
    const { status, json } = await this.ask('POST', '/images', body)
    if (status !== 201) throw new Error(`not created: ${status} ${JSON.stringify(json)}`)
    return String(json['id'])
  }

  async upload(id: string, chunks: Iterable<Buffer>): Promise<number> {
    const { statusCode, body } = await request(`${this.url}/images/${id}/file`, {
      method: 'PUT',
      headers: { ...this.headers, 'content-type': 'application/octet-stream' },
      body: Readable.from(chunks),
    })
    await body.dump()
    return statusCode
  }

  /** SHA-256 of what comes; `progress` hears of every chunk. */
  async downloadedHash(id: string, progress: (bytes: number) => void = () => {}): Promise<string> {
    const { statusCode, body } = await request(`${this.url}/images/${id}/file`, { headers: this.headers })
    const hash = createHash('sha256')
    for await (const chunk of body as AsyncIterable<Buffer>) {
      hash.update(chunk)
      progress(chunk.length)
    }
    return statusCode === 200 ? hash.digest('hex') : `status ${statusCode}`
  }

  async ask(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT',
    path: string,
    json?: unknown,
  ): Promise<{ readonly status: number; readonly json: ImageJson }> {
    const type = method === 'PATCH' ? PATCH : 'application/json'
    const { statusCode, body } = await request(this.url + path, {
      method,
      headers: { ...this.headers, ...(json === undefined ? {} : { 'content-type': type }) },
      body: json === undefined ? null : JSON.stringify(json),
    })
    const text = await body.text()
    return { status: statusCode, json: text.startsWith('{') ? (JSON.parse(text) as ImageJson) : {} }
  }
}
