/** S3 requests with EC2 credentials that a user keeps at Keystone. */
import type { Test } from 'tap'
import { amzDate } from '#auth/s3/amz-date.ts'
import { v2Signature } from '#auth/s3/v2.ts'
import { chunkedBody, seedIn } from '#auth/testing/aws-chunked.ts'
import { presignV4, sha256, signV4, type Unsigned, type V4Credentials } from '#auth/testing/sign-v4.ts'
import type { People } from './people.ts'
import type { RealKeystone } from './real-keystone.ts'

/** Of the user `operator`, by both versions of signatures, in links and in chunks. */
export async function signWithEc2(
  t: Test,
  keystone: RealKeystone,
  url: string,
  { demo }: People,
): Promise<void> {
  const users = await keystone.api.idsOf('users')
  const credentials = await keystone.api.makeEc2Credentials(users.get('operator') ?? '', demo)
  const asked = new Asking(url, credentials)
  t.equal(await asked.v4('PUT', '/ec2-bucket'), '200')
  t.equal(await asked.v4('PUT', '/ec2-bucket/key', 'hello'), '200')
  t.equal(await asked.v2('GET', '/ec2-bucket/key'), '200 hello')
  t.equal(await asked.link('/ec2-bucket/key'), '200 hello')
  t.equal(
    await asked.chunked('/ec2-bucket/chunked', Buffer.alloc(10_000, 'a')),
    '200',
    'chunks are verified here',
  )
  const guess = new Asking(url, { ...credentials, secret: 'guess' })
  t.equal(await guess.v4('GET', '/ec2-bucket/key'), '403 SignatureDoesNotMatch')
  t.equal(await guess.v2('GET', '/ec2-bucket/key'), '403 SignatureDoesNotMatch')
  const nobody = new Asking(url, { ...credentials, accessKey: 'f'.repeat(32) })
  t.equal(await nobody.v4('GET', '/ec2-bucket/key'), '403 InvalidAccessKeyId')
}

class Asking {
  readonly #url: string
  readonly #host: string
  readonly #credentials: V4Credentials

  constructor(url: string, credentials: V4Credentials) {
    this.#url = url
    this.#host = new URL(url).host
    this.#credentials = credentials
  }

  v4(method: string, target: string, body = ''): Promise<string> {
    const signing = { ...this.#signing(), payloadHash: sha256(body) }
    return this.#send(target, { method, headers: signV4(this.#unsigned(method, target), signing), body })
  }

  v2(method: string, target: string): Promise<string> {
    const date = new Date().toUTCString()
    const text = `${method}\n\n\n\nx-amz-date:${date}\n${target}`
    const { accessKey, secret } = this.#credentials
    const authorization = `AWS ${accessKey}:${v2Signature(text, secret)}`
    return this.#send(target, { method, headers: { 'x-amz-date': date, authorization } })
  }

  link(target: string): Promise<string> {
    return this.#send(presignV4(this.#unsigned('GET', target), this.#signing(), 60), { method: 'GET' })
  }

  chunked(target: string, payload: Buffer): Promise<string> {
    const signing = { ...this.#signing(), payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' }
    const unsigned = this.#unsigned('PUT', target, { 'x-amz-decoded-content-length': String(payload.length) })
    const headers = signV4(unsigned, signing)
    const seedSignature = seedIn(headers['authorization'] ?? '')
    const body = chunkedBody({ payload, chunkBytes: 8192, signed: { ...signing, seedSignature } })
    return this.#send(target, { method: 'PUT', headers, body: body.toString('latin1') })
  }

  #signing(): { readonly credentials: V4Credentials; readonly date: string } {
    return { credentials: this.#credentials, date: amzDate(Date.now()) }
  }

  #unsigned(method: string, target: string, headers: Readonly<Record<string, string>> = {}): Unsigned {
    return { method, target, headers: { host: this.#host, ...headers } }
  }

  async #send(
    target: string,
    { method, headers = {}, body }: { method: string; headers?: Record<string, string>; body?: string },
  ): Promise<string> {
    const response = await fetch(this.#url + target, {
      method,
      headers,
      body: body ? Buffer.from(body, 'latin1') : null,
      signal: AbortSignal.timeout(30_000),
    })
    const text = await response.text()
    const said = response.ok ? text : (/<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? text)
    return `${response.status} ${said}`.trim()
  }
}
