/**
 * Requests from scripts of other sites (CORS), by what the container's metadata allows (OpenStack Swift,
 * `proxy/controllers/base.py`: `cors_validation`, `OPTIONS`; fetch.spec.whatwg.org, "HTTP-network fetch").
 */

import type { HeaderMap, Request, Response } from '#http/message.ts'
import type { ContainerInfo } from '#store/contract.ts'
import { answer } from '../answers.ts'
import type { SwiftDoorOptions } from './visit.ts'

interface CorsRules {
  readonly allowOrigin: string | undefined
  readonly exposeHeaders: string | undefined
  readonly maxAge: string | undefined
}

const ALWAYS_EXPOSED: readonly string[] = [
  'cache-control',
  'content-language',
  'content-type',
  'expires',
  'last-modified',
  'pragma',
  'etag',
  'x-timestamp',
  'x-trans-id',
  'x-openstack-request-id',
]

function rulesOf(info: ContainerInfo | undefined): CorsRules {
  const metadata: HeaderMap = info?.metadata ?? {}
  return {
    allowOrigin: metadata['x-container-meta-access-control-allow-origin'],
    exposeHeaders: metadata['x-container-meta-access-control-expose-headers'],
    maxAge: metadata['x-container-meta-access-control-max-age'],
  }
}

function isOriginAllowed(rules: CorsRules, origin: string, options: SwiftDoorOptions): boolean {
  const allowed = [...wordsIn(rules.allowOrigin), ...options.corsAllowOrigin]
  return allowed.includes(origin) || allowed.includes('*')
}

function wordsIn(value: string | undefined): readonly string[] {
  return value === undefined ? [] : value.split(' ').filter((word) => word !== '')
}

/** The response with the headers that let the script read it, where the container allows. */
export function withCorsHeaders(
  response: Response,
  origin: string,
  info: ContainerInfo | undefined,
  options: SwiftDoorOptions,
): Response {
  const rules = rulesOf(info)
  if (options.strictCorsMode && !isOriginAllowed(rules, origin, options)) return response
  const headers: Record<string, string | readonly string[] | undefined> = { ...response.headers }
  headers['access-control-expose-headers'] ??= exposedHeaders(response, rules, options)
  if (headers['access-control-allow-origin'] === undefined)
    Object.assign(headers, allowHeaders(rules, origin, headers))
  return { status: response.status, headers, body: response.body }
}

function exposedHeaders(response: Response, rules: CorsRules, options: SwiftDoorOptions): string {
  const exposed = new Set([...ALWAYS_EXPOSED, ...options.corsExposeHeaders])
  for (const name in response.headers) {
    if (name.startsWith('x-container-meta') || name.startsWith('x-object-meta')) exposed.add(name)
  }
  for (const name of wordsIn(rules.exposeHeaders)) exposed.add(name.toLowerCase())
  return [...exposed].join(', ')
}

/** The origin, and that caches must tell origins apart, unless every origin is allowed. */
function allowHeaders(
  rules: CorsRules,
  origin: string,
  headers: Response['headers'],
): Readonly<Record<string, string>> {
  if (rules.allowOrigin?.trim() === '*') return { 'access-control-allow-origin': '*' }
  const { vary } = headers
  return {
    'access-control-allow-origin': origin,
    vary: typeof vary === 'string' ? `${vary}, Origin` : 'Origin',
  }
}

/** The methods as refusals tell them: Swift's copies are a layer of their own, which only adds to what is granted. */
export function toldInRefusals(methods: readonly string[]): string {
  return methods.filter((method) => method !== 'COPY').join(', ')
}

/** OPTIONS: the methods of the resource, and for a preflight what the container allows the script. */
export function optionsAnswer(
  request: Request,
  methods: readonly string[],
  info: ContainerInfo | undefined,
  options: SwiftDoorOptions,
): Response {
  const allow = methods.join(', ')
  const { origin } = request.headers
  if (origin === undefined || origin === '') return answer(200, { allow, 'content-length': '0' })
  const rules = rulesOf(info)
  const wanted = request.headers['access-control-request-method'] ?? ''
  if (!isOriginAllowed(rules, origin, options) || !methods.includes(wanted))
    return answer(401, { allow: toldInRefusals(methods) })

  const headers = { allow, 'content-length': '0', ...preflightHeaders(request, rules, origin, allow) }
  return { status: 200, headers, body: undefined }
}

function preflightHeaders(request: Request, rules: CorsRules, origin: string, allow: string): HeaderMap {
  const headers: Record<string, string> = {
    ...allowHeaders(rules, origin, {}),
    'access-control-allow-methods': allow,
  }
  if (rules.maxAge !== undefined) headers['access-control-max-age'] = rules.maxAge
  const asked = listIn(request.headers['access-control-request-headers'])
  if (asked.length > 0) {
    headers['access-control-allow-headers'] = asked.join(', ')
    const vary = 'Access-Control-Request-Headers'
    headers['vary'] = headers['vary'] === undefined ? vary : `${headers['vary']}, ${vary}`
  }
  return headers
}

function listIn(value: string | undefined): readonly string[] {
  if (value === undefined) return []
  const names = value.split(',').map((name) => name.trim())
  return [...new Set(names.filter((name) => name !== ''))]
}
