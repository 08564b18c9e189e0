/** The two APIs in which the load generator asks for the same things: heads of requests and what is expected back. */
import { createHash } from 'node:crypto'
import { EMPTY_HASH, signV4, type V4Credentials } from '#auth/testing/sign-v4.ts'
import type { Plan } from './operations.ts'
import type { Payload } from './payload.ts'

export const DIALECTS = ['swift', 's3'] as const
export type DialectName = (typeof DIALECTS)[number]

export interface Dialect {
  /** Request line and headers, with the empty line; `resource` follows the container: `/name`, `?query`. */
  head(method: string, resource: string, payload?: Payload): string
  /** Status of a PUT that stored something. */
  readonly stored: number
  /** The page of a listing that begins after a name. */
  page(after: string, entries: number): string
  /** Names on such a page. */
  names(body: Buffer): readonly string[]
}

export function dialectOf(plan: Plan): Dialect {
  return plan.credentials === undefined ? swift(plan) : s3(plan, plan.credentials)
}

function aboutBody(payload: Payload | undefined): string {
  if (payload === undefined) return ''
  return `Content-Type: application/octet-stream\r\nContent-Length: ${payload.sizeBytes}\r\n`
}

function swift({ host, port, token, containerPath }: Plan): Dialect {
  const tail = ` HTTP/1.1\r\nHost: ${host}:${port}\r\nX-Auth-Token: ${token}\r\n`
  return {
    head: (method, resource, payload) =>
      `${method} ${containerPath}${resource}${tail}${aboutBody(payload)}\r\n`,
    stored: 201,
    page: (after, entries) => `?format=json&limit=${entries}&marker=${after}`,
    names: (body) => (JSON.parse(body.toString('utf8')) as { name: string }[]).map(({ name }) => name),
  }
}

/** Signatures are good for a quarter of an hour; a minute's is made once. */
const MINUTE_MS = 60_000
/** Longer bodies are not digested for the signature: clients of large bodies do not either. */
const SIGNED_BYTES_MAX = 64 * 1024

/** Paths with the bucket in them, signatures of version 4 over the body's SHA-256, as the programs of AWS over plain HTTP. */
function s3({ host, port, containerPath }: Plan, credentials: V4Credentials): Dialect {
  const bucket = containerPath.slice(containerPath.lastIndexOf('/'))
  const authority = `${host}:${port}`
  const dateNow = (): string => {
    const minute = new Date(Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS)
    return minute.toISOString().replace(/[-:]|\.\d{3}/g, '')
  }
  return {
    head: (method, resource, payload) => {
      const target = bucket + resource
      const payloadHash = payload === undefined ? EMPTY_HASH : digestOf(payload)
      const signing = { credentials, date: dateNow(), payloadHash }
      const { host: _host, ...signed } = signV4({ method, target, headers: { host: authority } }, signing)
      const lines = Object.entries(signed).map(([name, value]) => `${name}: ${value}\r\n`)
      return `${method} ${target} HTTP/1.1\r\nHost: ${authority}\r\n${lines.join('')}${aboutBody(payload)}\r\n`
    },
    stored: 200,
    page: (after, entries) => `?list-type=2&max-keys=${entries}&start-after=${after}`,
    names: (body) =>
      [...body.toString('utf8').matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, name]) => name ?? ''),
  }
}

const digests = new WeakMap<Payload, string>()

function digestOf(payload: Payload): string {
  if (payload.sizeBytes > SIGNED_BYTES_MAX) return 'UNSIGNED-PAYLOAD'
  const known = digests.get(payload)
  if (known !== undefined) return known
  const hash = createHash('sha256')
  if (payload.sizeBytes > 0) for (let at = 0; at < payload.times; at += 1) hash.update(payload.block)
  const digest = hash.digest('hex')
  digests.set(payload, digest)
  return digest
}
