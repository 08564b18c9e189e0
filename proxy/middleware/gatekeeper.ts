/**
 * The line between clients and the inside: headers that mean something only among our own processes are taken out of
 * requests before anyone reads them, and out of responses before they leave (OpenStack Swift,
 * `common/middleware/gatekeeper.py`). A client's `X-Timestamp` is put aside, too: it may not choose the time.
 */
import type { HeaderMap, Response } from '#http/message.ts'
import type { ProxyLayer } from '../transaction.ts'

const INTERNAL_PREFIXES: readonly string[] = [
  'x-backend',
  'x-account-sysmeta-',
  'x-container-sysmeta-',
  'x-object-sysmeta-',
  'x-object-transient-sysmeta-',
]

const INTERNAL_NAMES: ReadonlySet<string> = new Set([
  ...['host', 'device', 'partition'].map((part) => `x-account-${part}`),
  ...['host', 'device', 'partition', 'root-db-state'].map((part) => `x-container-${part}`),
  ...['host', 'device', 'partition', 'container'].map((part) => `x-delete-at-${part}`),
])

const NOT_FROM_CLIENTS: ReadonlySet<string> = new Set([...INTERNAL_NAMES, 'x-timestamp'])

export const gatekeeper: ProxyLayer = (inner) => async (transaction) => {
  const { request } = transaction
  transaction.statedTime = request.headers['x-timestamp']
  const headers = without<string>(request.headers, NOT_FROM_CLIENTS)
  if (headers !== request.headers) transaction.request = { ...request, headers: headers as HeaderMap }
  const response = await inner(transaction)
  const shown = without(response.headers, INTERNAL_NAMES)
  if (shown === response.headers) return response
  return { status: response.status, headers: shown as Response['headers'], body: response.body }
}

/** The same map when nothing has to go; most of the time nothing has. */
function without<Value>(
  headers: Readonly<Record<string, Value | undefined>>,
  internalNames: ReadonlySet<string>,
): Readonly<Record<string, Value | undefined>> {
  let hasInternal = false
  for (const name in headers) {
    if (isInternal(name, internalNames)) {
      hasInternal = true
      break
    }
  }
  if (!hasInternal) return headers
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isInternal(name, internalNames)))
}

const DASH = 0x2d
const LETTER_X = 0x78

function isInternal(name: string, internalNames: ReadonlySet<string>): boolean {
  if (name.charCodeAt(0) !== LETTER_X || name.charCodeAt(1) !== DASH) return false
  for (const prefix of INTERNAL_PREFIXES) if (name.startsWith(prefix)) return true
  return internalNames.has(name)
}
