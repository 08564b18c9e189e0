/** A bucket of an S3 elsewhere: signed requests, each sent again when the server fails or cannot be reached for a moment. */
import { SigningKeys } from '#auth/s3/signing-keys.ts'
import type { Clock } from '#base/environment.ts'
import { quotedPath } from '#base/names.ts'
import { bufferBody, EMPTY_BODY, type Response } from '#http/message.ts'
import { type S3Credentials, signedHeaders } from './s3-signature.ts'
import { type RemoteNetwork, Site, type SiteRequest, type SmallAnswer, type Unreachable } from './site.ts'

export interface S3BucketOptions {
  /** Without the bucket. */
  readonly url: string
  readonly bucket: string
  /** How the bucket is named: in the path, or in the host (OpenStack Glance, `s3_store_bucket_url_format`). */
  readonly urlFormat: 'path' | 'virtual'
  readonly credentials: S3Credentials
}

export interface S3Request {
  readonly method: SiteRequest['method']
  /** Empty for the bucket itself. */
  readonly key: string
  readonly query?: Readonly<Record<string, string>> | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: Buffer | undefined
}

const NOTHING = Buffer.alloc(0)

export class S3Bucket {
  readonly #site: Site
  readonly #clock: Clock
  readonly #keys: SigningKeys
  readonly #credentials: S3Credentials
  /** In front of each key. */
  readonly #root: string

  constructor(network: RemoteNetwork, { url, bucket, urlFormat, credentials }: S3BucketOptions) {
    const address = new URL(url)
    if (urlFormat === 'virtual') address.hostname = `${bucket}.${address.hostname}`
    this.#root = urlFormat === 'virtual' ? '' : `/${bucket}`
    this.#site = new Site(network, address)
    this.#clock = network.clock
    this.#keys = new SigningKeys(network.clock)
    this.#credentials = credentials
  }

  async ask(request: S3Request): Promise<SmallAnswer | Unreachable> {
    return await this.#site.ask(() => this.#signed(request))
  }

  /** An answer that streams. */
  async open(request: S3Request): Promise<Response | Unreachable> {
    return await this.#site.repeat(() => this.#site.send(this.#signed(request)))
  }

  /** Signed anew for each try: a signature is good for a quarter of an hour. */
  #signed({ method, key, query = {}, headers = {}, body = NOTHING }: S3Request): SiteRequest {
    const unsigned: SiteRequest = {
      method,
      path: quotedPath(key === '' ? `${this.#root}` : `${this.#root}/${key}`),
      query: Object.entries(query)
        .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
        .join('&'),
    }
    const { host } = this.#site
    const path = this.#site.pathOf(unsigned)
    const signed = { method, path, query: unsigned.query ?? '', host, headers, body }
    return {
      ...unsigned,
      headers: signedHeaders(this.#keys, this.#credentials, signed, this.#clock.wallMs()),
      body: body.length === 0 ? EMPTY_BODY : bufferBody(body),
    }
  }
}
