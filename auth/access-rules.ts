/**
 * Rules of an application credential that say which requests its tokens are good for (OpenStack Identity API v3, "Access
 * Rules"; `keystonemiddleware`, `auth_token`): a service, a method, a path. What no rule names is refused.
 *
 * Paths are compared decoded and as the doors take them apart, so that no other writing of a path gets past a rule. `*` and
 * `{name}` stand for one segment or a part of one, `**` for anything. Time is linear in the length of the path, whatever the pattern.
 */
import { decodePercent } from '#base/names.ts'

export interface AccessRule {
  /** Type of the service in the catalogue. */
  readonly service: string
  readonly method: string
  readonly path: string
}

/** Whoever validates tokens says in this header, of this version or later, that it looks at their rules. */
export const RULES_HEADER = 'openstack-identity-access-rules'
export const RULES_VERSION = 1

/** Longest path of a rule, characters (Keystone's schema). */
export const RULE_PATH_CHARACTERS_MAX = 225

export const RULE_METHODS: readonly string[] = ['POST', 'GET', 'HEAD', 'PATCH', 'PUT', 'DELETE']

/** The services under one address, by what their paths begin with; what is left is the object store. */
const SERVICES: readonly (readonly [prefix: string, service: string])[] = [
  ['/identity', 'identity'],
  ['/image', 'image'],
]

/** `path` percent-encoded, as it came. In a rule, what a service's paths begin with may be left out. */
export function isAllowedBy(
  rules: readonly AccessRule[],
  { method, path }: { readonly method: string; readonly path: string },
): boolean {
  const found = SERVICES.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`))
  const [prefix = '', service = 'object-store'] = found ?? []
  const whole = found === undefined ? objectStorePath(path) : segmentedPath(path)
  if (whole === undefined) return false
  const below = whole.slice(prefix.length)
  // Whose a token is may always be asked.
  if (service === 'identity' && method === 'GET' && below === '/v3/auth/tokens') return true
  return rules.some(
    (rule) =>
      rule.service === service &&
      rule.method === method &&
      (matches(rule.path, whole) || matches(rule.path, below)),
  )
}

/** An account or a container with a slash behind it is the same one; of an object's name it is part. */
function objectStorePath(path: string): string | undefined {
  const decoded = decodePercent(path)
  return decoded !== undefined && decoded.split('/').length <= 5
    ? decoded.replace(/(?<=[^/])\/$/, '')
    : decoded
}

/** Empty segments count for nothing; `undefined` where one has a slash in it, which no rule can name. */
function segmentedPath(path: string): string | undefined {
  const segments = path.split('/').map(decodePercent)
  if (segments.some((segment) => segment?.includes('/') !== false)) return undefined
  return `/${segments.filter((segment) => segment !== '').join('/')}`
}

type Piece = { readonly kind: 'literal'; readonly text: string } | { readonly kind: 'segment' | 'anything' }

/** A tag, `**`, `*`, or a character. */
const PIECES = /\{[^{}]*\}|\*\*|[^]/gu

function piecesOf(pattern: string): readonly Piece[] {
  return (pattern.match(PIECES) ?? []).map((text): Piece => {
    if (text === '**') return { kind: 'anything' }
    return text === '*' || /^\{.*\}$/.test(text) ? { kind: 'segment' } : { kind: 'literal', text }
  })
}

/** Goes through the path once, with all the places of the pattern where it may be. */
function matches(pattern: string, path: string): boolean {
  const pieces = piecesOf(pattern)
  let places = beyondAnything(pieces, new Set([0]))
  for (const char of path) {
    const next = new Set<number>()
    for (const at of places) for (const then of placesAfter(pieces[at], at, char)) next.add(then)
    places = beyondAnything(pieces, next)
    if (places.size === 0) return false
  }
  return places.has(pieces.length)
}

function placesAfter(piece: Piece | undefined, at: number, char: string): readonly number[] {
  switch (piece?.kind) {
    case undefined:
      return []
    case 'literal':
      return char === piece.text ? [at + 1] : []
    case 'segment':
      return char === '/' ? [] : [at, at + 1]
    case 'anything':
      return [at]
  }
}

/** `**` may stand for nothing. */
function beyondAnything(pieces: readonly Piece[], places: Set<number>): Set<number> {
  // What is added is looked at, too.
  for (const at of places) if (pieces[at]?.kind === 'anything') places.add(at + 1)
  return places
}
