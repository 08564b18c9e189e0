/**
 * `/info`: what this cluster can do, in the shape of OpenStack Swift (`proxy/controllers/info.py`), which clients read
 * to learn limits and features. Sections may be withheld; an administrator with the key sees those marked for it.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '#base/environment.ts'
import type { Request, Response } from '#http/message.ts'
import { parseQuery } from '#http/query.ts'
import { answer, unauthorized } from '../answers.ts'
import type { ProxyLayer } from '../transaction.ts'

const PATH = '/info'
const ALLOW = 'HEAD, GET, OPTIONS'
const TYPE = 'application/json; charset=UTF-8'
/** For a request with this method, signatures made for these methods are accepted. */
const SIGNED_METHODS: Readonly<Record<string, readonly string[]>> = { GET: ['GET'], HEAD: ['HEAD', 'GET'] }

export type InfoSections = Readonly<Record<string, Readonly<Record<string, unknown>>>>

export interface InfoOptions {
  readonly clock: Clock
  readonly expose: boolean
  readonly sections: InfoSections
  /** Sections that may change while the process runs. */
  readonly live?: (() => InfoSections) | undefined
  /** Shown to administrators only, besides what is withheld. */
  readonly adminSections?: InfoSections | undefined
  /** `section` or `section.key`. */
  readonly disallowedSections: readonly string[]
  /** Signs requests that see the `admin` section; without it there are none. */
  readonly adminKey: string | undefined
}

export function info(options: InfoOptions): ProxyLayer {
  const { sections, live, disallowedSections } = options
  const shown = withoutSections(sections, disallowedSections)
  const admin = { ...options.adminSections, disallowed_sections: disallowedSections }
  const bodyFor = (access: 'public' | 'admin'): Buffer => {
    const now = live === undefined ? {} : withoutSections(live(), disallowedSections)
    return Buffer.from(JSON.stringify({ ...shown, ...now, ...(access === 'admin' ? { admin } : {}) }))
  }

  function answerTo(request: Request): Response {
    if (request.method === 'OPTIONS') return answer(200, { allow: ALLOW, 'content-length': '0' })
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, { allow: ALLOW })
    if (!options.expose) return answer(403)
    const access = accessOf(request, options)
    if (access === 'forbidden') return answer(403)
    if (access === 'unauthorized') return unauthorized('unknown')
    const body = bodyFor(access)
    return {
      status: 200,
      headers: { 'content-type': TYPE, 'content-length': String(body.length), ...corsHeaders(request) },
      body,
    }
  }

  return (inner) => async (transaction) =>
    transaction.request.path === PATH ? answerTo(transaction.request) : inner(transaction)
}

function corsHeaders(request: Request): Readonly<Record<string, string>> {
  const { origin } = request.headers
  if (origin === undefined) return {}
  return { 'access-control-allow-origin': origin, 'access-control-expose-headers': 'x-trans-id' }
}

function accessOf(request: Request, options: InfoOptions): 'public' | 'admin' | 'forbidden' | 'unauthorized' {
  const { values } = parseQuery(request.query)
  const signature = values.get('swiftinfo_sig') ?? ''
  const expires = values.get('swiftinfo_expires') ?? ''
  if (signature === '' && expires === '') return 'public'
  const key = options.adminKey
  if (key === undefined) return 'forbidden'
  if (!/^\d{1,15}$/.test(expires) || Number(expires) * 1000 < options.clock.wallMs()) return 'unauthorized'
  const methods = SIGNED_METHODS[request.method] ?? []
  const isSigned = methods.some((method) => sameDigest(signature, `${method}\n${expires}\n${PATH}`, key))
  return isSigned ? 'admin' : 'unauthorized'
}

/** SHA-256, and SHA-1 as older tools sign. */
function sameDigest(signature: string, message: string, key: string): boolean {
  return ['sha256', 'sha1'].some((algorithm) => {
    const expected = Buffer.from(createHmac(algorithm, key).update(message).digest('hex'))
    const given = Buffer.from(signature)
    return given.length === expected.length && timingSafeEqual(given, expected)
  })
}

function withoutSections(sections: InfoSections, disallowed: readonly string[]): InfoSections {
  const shown = Object.entries(sections).filter(([section]) => !disallowed.includes(section))
  return Object.fromEntries(
    shown.map(([section, members]) => {
      const kept = Object.entries(members).filter(([key]) => !disallowed.includes(`${section}.${key}`))
      return [section, Object.fromEntries(kept)]
    }),
  )
}
