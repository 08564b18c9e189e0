/**
 * Which rule of a bucket lets a script of another site make a request, and what the answer tells its browser. Pure
 * (Amazon S3 User Guide, "Using cross-origin resource sharing": the first rule that fits is the one).
 */
import type { CorsConfiguration, CorsRule } from '#store/bucket-settings/documents.ts'

export interface CrossOriginRequest {
  readonly origin: string
  readonly method: string
  /** Lower-case names that a preflight asks for; none of a request itself. */
  readonly headers: readonly string[]
}

export function ruleFor({ rules }: CorsConfiguration, asked: CrossOriginRequest): CorsRule | undefined {
  return rules.find(
    ({ allowedOrigins, allowedMethods, allowedHeaders }) =>
      allowedMethods.some((method) => method === asked.method) &&
      allowedOrigins.some((pattern) => fits(pattern, asked.origin)) &&
      asked.headers.every((header) => allowedHeaders.some((pattern) => fits(pattern.toLowerCase(), header))),
  )
}

/** What a browser is told on every answer to a request that the rule lets pass. */
export function corsHeaders(
  rule: CorsRule,
  { origin, headers }: CrossOriginRequest,
): Readonly<Record<string, string>> {
  const isForAll = rule.allowedOrigins.includes('*')
  return {
    'access-control-allow-origin': isForAll ? '*' : origin,
    'access-control-allow-methods': rule.allowedMethods.join(', '),
    ...(headers.length === 0 ? {} : { 'access-control-allow-headers': headers.join(', ') }),
    ...(rule.exposeHeaders.length === 0
      ? {}
      : { 'access-control-expose-headers': rule.exposeHeaders.join(', ') }),
    ...(rule.maxAgeSeconds === undefined ? {} : { 'access-control-max-age': String(rule.maxAgeSeconds) }),
    ...(isForAll ? {} : { 'access-control-allow-credentials': 'true' }),
    vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  }
}

/** The names in `Access-Control-Request-Headers`, lower-case. */
export function headerNamesIn(written: string | undefined): readonly string[] {
  if (written === undefined) return []
  const names = written.split(',').map((name) => name.trim().toLowerCase())
  return names.filter((name) => name !== '')
}

/** At most one `*`, which stands for anything. */
function fits(pattern: string, value: string): boolean {
  const star = pattern.indexOf('*')
  if (star < 0) return pattern === value
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)]
  return value.length >= before.length + after.length && value.startsWith(before) && value.endsWith(after)
}
