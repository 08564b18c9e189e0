/**
 * `/endpoints/…`: where the copies of a name are, for programs that want to compute beside their data (OpenStack Swift,
 * `common/middleware/list_endpoints.py`). Nobody is asked for a token, so it is off unless an operator turns it on.
 *
 *     /endpoints/v1/ACCOUNT/CONTAINER/OBJECT   a list of addresses
 *     /endpoints/v2/…                          an object: the addresses and the headers to send along
 */
import { quoted } from '#auth/container-acl.ts'
import { quotedPath, type ResourceName } from '#base/names.ts'
import type { Response } from '#http/message.ts'
import type { OperationContext } from '#store/operation.ts'
import { answer, HTML_TYPE, textAnswer } from '../answers.ts'
import type { ProxyLayer } from '../transaction.ts'

/** Where a name lives; asked for each request. */
export interface EndpointsLookup {
  /** `http://host:port/device/partition/account/…`, percent-encoded, of every primary; and an object's policy. */
  locate(
    context: OperationContext,
    name: ResourceName,
  ): Promise<{ readonly urls: readonly string[]; readonly policyIndex: number | undefined }>
}

const PREFIX = '/endpoints/'

export function endpoints(lookup: EndpointsLookup): ProxyLayer {
  return (inner) => async (transaction) => {
    if (!transaction.path.startsWith(PREFIX)) return inner(transaction)
    if (transaction.request.method !== 'GET') return answer(405, { allow: 'GET' })
    const asked = askedIn(transaction.path.slice(PREFIX.length))
    if (typeof asked === 'string') return textAnswer(400, asked, HTML_TYPE)
    const { urls, policyIndex } = await lookup.locate(transaction, asked.name)
    if (asked.version === 1) return json(urls)
    const headers = policyIndex === undefined ? {} : { 'X-Backend-Storage-Policy-Index': String(policyIndex) }
    return json({ endpoints: urls, headers })
  }
}

function json(value: unknown): Response {
  const body = Buffer.from(JSON.stringify(value))
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'content-length': String(body.length) },
    body,
  }
}

interface Asked {
  readonly version: 1 | 2
  readonly name: ResourceName
}

/** What is asked for, or what is wrong with the path. Without a version it is the first. */
function askedIn(rest: string): Asked | string {
  const [first = '', ...others] = rest.split('/')
  const version = versionOf(first)
  if (version === undefined && first.startsWith('v') && !first.includes('_')) {
    return `Unsupported version ${quoted(quotedPath(first))}`
  }
  const [account = '', container, ...object] = version === undefined ? [first, ...others] : others
  if (account === '') return 'No account specified'
  const name = { account, container: container || undefined, object: object.join('/') || undefined }
  return { version: version ?? 1, name }
}

/** Numbers as Python reads them, `2`, `2.0`, `02`, `2e0`, behind any number of `v`. */
function versionOf(segment: string): 1 | 2 | undefined {
  const written = segment.replace(/^v+/, '')
  if (!/^\d+\.?\d*(e[+-]?\d+)?$/i.test(written)) return undefined
  const version = Number(written)
  return version === 1 || version === 2 ? version : undefined
}
