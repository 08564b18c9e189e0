/**
 * What two answers to the same request differ in. What cannot be equal (times, ids, tokens, addresses) is replaced by
 * its shape, so that a missing or malformed one still shows.
 */
import type { Step } from './step.ts'
import type { WireAnswer } from './wire.ts'

export interface Difference {
  readonly step: string
  /** `status`, `body`, or `header` and its name. */
  readonly field: string
  readonly theirs: string
  readonly ours: string
  /** Of the two answers that differ in it. */
  readonly statuses: Statuses
}

export type Statuses = readonly [theirs: number, ours: number]

/**
 * The MD5 of a stored manifest: the manifest says in which second each segment was written, which differs between two
 * clusters by a second now and then. What it says otherwise is compared where it is read as it is stored.
 */
const MANIFEST_DIGEST = '<digest of a manifest>'

/** Whose presence or value says nothing: they belong to the connection. */
const IGNORED_HEADERS: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'date'])

const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/\btx[0-9a-f]{21}-[0-9a-f]{10}\S*/g, '<transaction>'],
  [/\bAUTH_tk[\w.-]+/g, '<token>'],
  [/\b\d{10}\.\d{5}\b/g, '<timestamp>'],
  [/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, '<date>'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{6})?/g, '<time>'],
]

/** Headers that name a set: the order says nothing, and Swift's changes with every start. */
const SET_HEADERS: ReadonlySet<string> = new Set([
  'allow',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-expose-headers',
])

/** The dates that the script itself sends keep their value. */
const OWN_YEARS = /\b(1997|2098)\b/

/** Statistics that storage reports to the account now and then, or, where it was busy, later. */
const EVENTUAL_HEADERS = /^x-account-(storage-policy-.*-)?(container-count|object-count|bytes-used)$/
const EVENTUAL_XML = /(<(?:count|bytes)>)\d+/g
const EVENTUAL_KEYS: ReadonlySet<string> = new Set(['count', 'bytes'])

export interface Known {
  /** Hosts and tokens of the side, replaced wherever they stand. */
  readonly secrets: readonly string[]
}

/** All differences of the answers to one step, normalised. Empty when they say the same. */
export function differencesOf(
  step: Step,
  theirs: WireAnswer & Known,
  ours: WireAnswer & Known,
): readonly Difference[] {
  const pairs = new Map<string, readonly [string, string]>()
  pairs.set('status', [`${theirs.status} ${theirs.reason}`, `${ours.status} ${ours.reason}`])
  const [left, right] = [headersOf(step, theirs), headersOf(step, ours)]
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    pairs.set(`header ${name}`, [left.get(name) ?? '(none)', right.get(name) ?? '(none)'])
  }
  pairs.set('body', [bodyOf(step, theirs), bodyOf(step, ours)])
  return [...pairs]
    .filter(([, [one, other]]) => one !== other)
    .map(([field, [one, other]]) => ({
      step: step.name,
      field,
      theirs: one,
      ours: other,
      statuses: [theirs.status, ours.status],
    }))
}

function headersOf(step: Step, answer: WireAnswer & Known): Map<string, string> {
  const boundary = boundaryOf(answer)
  const headers = new Map<string, string>()
  for (const [written, value] of answer.headers) {
    const name = written.toLowerCase()
    if (IGNORED_HEADERS.has(name)) continue
    const tidy = EVENTUAL_HEADERS.test(name)
      ? '<eventual>'
      : isManifestDigest(step, answer, name)
        ? MANIFEST_DIGEST
        : headerShape(name, value, answer, boundary)
    const before = headers.get(name)
    headers.set(name, before === undefined ? tidy : `${before} | ${tidy}`)
  }
  if (headers.has('content-length')) {
    if (isAccount(step)) headers.set('content-length', '<eventual>')
    else if (isJson(answer)) headers.set('content-length', '<of JSON>')
  }
  return headers
}

function isManifestDigest(step: Step, answer: WireAnswer, header: string): boolean {
  if (header === 'x-manifest-etag') return true
  return header === 'etag' && isJson(answer) && /[?&]multipart-manifest=get$/.test(step.path)
}

function headerShape(name: string, value: string, answer: Known, boundary: string | undefined): string {
  if (SET_HEADERS.has(name)) return value.split(/, */).sort().join(', ')
  if (name === 'x-auth-token-expires') return /^\d+$/.test(value) ? '<seconds>' : value
  if (name === 'x-auth-token' || name === 'x-storage-token') return value === '' ? value : '<token>'
  return shape(value, answer, boundary)
}

function bodyOf(step: Step, answer: WireAnswer & Known): string {
  const boundary = boundaryOf(answer)
  // JSON may write a character as itself or as an escape, so it is read as what it is: UTF-8.
  const text = shape(answer.body.toString(isJson(answer) ? 'utf8' : 'latin1'), answer, boundary)
  if (isJson(answer)) return canonicalJson(text, isAccount(step))
  return isAccount(step) ? text.replaceAll(EVENTUAL_XML, '$1<eventual>') : text
}

function isJson(answer: WireAnswer): boolean {
  return typeOf(answer).startsWith('application/json')
}

function typeOf(answer: WireAnswer): string {
  return answer.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
}

function shape(text: string, { secrets }: Known, boundary: string | undefined): string {
  let tidy = text
  for (const secret of secrets) tidy = tidy.replaceAll(secret, '<side>')
  if (boundary !== undefined) tidy = tidy.replaceAll(boundary, '<boundary>')
  for (const [pattern, name] of SHAPES) {
    tidy = tidy.replaceAll(pattern, (found) => (OWN_YEARS.test(found) ? found : name))
  }
  return tidy
}

/** The boundary of a multipart answer, which every server invents. */
function boundaryOf(answer: WireAnswer): string | undefined {
  return /^multipart\/byteranges; ?boundary="?([^"]+)"?$/.exec(typeOf(answer))?.[1]
}

function isAccount(step: Step): boolean {
  return /^(~|\/v1\/AUTH_\w+)\/?(\?|$)/.test(step.path)
}

/** The same value always as the same text: the order of keys, spaces and escapes are free in JSON. */
function canonicalJson(text: string, eventual: boolean): string {
  const tidy = (key: string, value: unknown): unknown =>
    eventual && EVENTUAL_KEYS.has(key) && typeof value === 'number' ? '<eventual>' : value
  try {
    return JSON.stringify(sortKeys(JSON.parse(text, tidy)), undefined, 1)
  } catch {
    return text
  }
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, inner]) => [
        key,
        key === 'hash' && 'slo_etag' in value ? MANIFEST_DIGEST : sortKeys(inner),
      ]),
  )
}
