/** Requests of people with tokens of one Keystone, in an order in which later ones build on earlier ones. */
import type { People, Who } from './people.ts'

export interface KeystoneRequest {
  readonly who: Who | 'anonymous'
  readonly method: string
  /** Below `/v1/`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Brings the token of a service besides. */
  readonly with?: Who
}

const EVERYBODY: readonly KeystoneRequest['who'][] = [
  'operator',
  'member',
  'reader',
  'stranger',
  'foreigner',
  'service',
  'nobody',
  'anonymous',
]

/** Whom a list can let in, or not. */
const LISTED: readonly KeystoneRequest['who'][] = ['member', 'stranger', 'foreigner', 'anonymous']

/** All requests; what they mean is written beside them. */
export function keystoneRequests({ demo, other, stranger }: People): readonly KeystoneRequest[] {
  const account = `AUTH_${demo}`
  const service = `SERVICE_${demo}`
  return [
    // Accounts: made by containers, looked at, changed, and deleted by resellers only.
    { who: 'operator', method: 'PUT', path: `${account}/c` },
    { who: 'operator', method: 'PUT', path: `${account}/c/o` },
    ...everybody('HEAD', account),
    ...everybody('POST', account, { 'X-Account-Meta-Colour': 'blue' }),
    { who: 'reseller', method: 'HEAD', path: account },
    { who: 'operator', method: 'PUT', path: account },
    { who: 'operator', method: 'DELETE', path: account },
    // Without a list.
    ...everybody('GET', `${account}/c`),
    ...everybody('GET', `${account}/c/o`),
    ...everybody('PUT', `${account}/c/mine`),
    ...everybody('OPTIONS', `${account}/c`),
    // Lists, one after the other.
    ...withList(account, `${other}:${stranger}`),
    ...withList(account, `${other}:*`),
    ...withList(account, `*:${stranger}`),
    ...withList(account, '*:*'),
    ...withList(account, 'other:stranger'),
    ...withList(account, 'MEMBER'),
    ...withList(account, '.r:*'),
    ...withList(account, '.r:*,.rlistings'),
    // An account that somebody of another project made: nobody knows its domain.
    {
      who: 'reseller',
      method: 'PUT',
      path: `AUTH_${other}/c`,
      headers: { 'X-Container-Read': 'demo:operator' },
    },
    { who: 'reseller', method: 'HEAD', path: `AUTH_${other}` },
    { who: 'operator', method: 'GET', path: `AUTH_${other}/c` },
    { who: 'stranger', method: 'POST', path: `AUTH_${other}`, headers: { 'X-Account-Meta-A': 'b' } },
    { who: 'stranger', method: 'HEAD', path: `AUTH_${other}` },
    { who: 'operator', method: 'GET', path: `AUTH_${other}/c` },
    // Accounts that need a service beside the operator.
    { who: 'operator', method: 'PUT', path: `${service}/c` },
    { who: 'operator', method: 'PUT', path: `${service}/c`, with: 'stranger' },
    { who: 'operator', method: 'PUT', path: `${service}/c`, with: 'nobody' },
    { who: 'operator', method: 'PUT', path: `${service}/c`, with: 'service' },
    { who: 'member', method: 'GET', path: `${service}/c`, with: 'service' },
    { who: 'service', method: 'GET', path: `${service}/c`, with: 'service' },
    { who: 'operator', method: 'GET', path: `${account}/c`, with: 'nobody' },
    // Not ours.
    { who: 'operator', method: 'GET', path: `OTHER_${demo}` },
    { who: 'reseller', method: 'DELETE', path: `AUTH_${'0'.repeat(32)}` },
  ]
}

function everybody(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): readonly KeystoneRequest[] {
  return EVERYBODY.map((who) => ({ who, method, path, headers }))
}

/** The same list for reading, and for writing where it may stand there. */
function withList(account: string, list: string): readonly KeystoneRequest[] {
  const headers: Record<string, string> = { 'X-Container-Read': list }
  if (!list.startsWith('.r:')) headers['X-Container-Write'] = list
  return [
    { who: 'operator', method: 'POST', path: `${account}/c`, headers },
    ...LISTED.flatMap((who) => [
      { who, method: 'GET', path: `${account}/c` },
      { who, method: 'HEAD', path: `${account}/c/o` },
      { who, method: 'POST', path: `${account}/c/o` },
    ]),
  ]
}
