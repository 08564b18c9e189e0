/**
 * Many looks at the index in one request: each goes the way of the HEAD that it stands for, through the same layers, so
 * that what it says is worth exactly as much.
 */
import { INDEX_ONLY_HEADER, PROBE_ANSWER_HEADERS, PROBES_MAX, PROBES_METHOD } from '#base/extensions.ts'
import { type Layer, ownRequest } from '#http/message.ts'
import { listOf, serveSeveral } from './several-requests.ts'

/** As many paths as one request has, as long as they can be. */
const REQUEST_BYTES_MAX = PROBES_MAX * 8_192

export const serveProbes: Layer = (inner) => async (request) => {
  if (request.method !== PROBES_METHOD) return await inner(request)
  return await serveSeveral(request, {
    bytesMax: REQUEST_BYTES_MAX,
    parse: (written) => listOf(written, PROBES_MAX, probeOf),
    serve: async (asked) => ({
      answers: await Promise.all(asked.map((probe) => inner(headOf(probe)))),
      told: PROBE_ANSWER_HEADERS,
    }),
  })
}

interface AskedProbe {
  readonly path: string
  readonly policyIndex: number
}

function probeOf(written: unknown): AskedProbe | undefined {
  if (!Array.isArray(written)) return undefined
  const [path, policyIndex] = written as readonly unknown[]
  return typeof path === 'string' && typeof policyIndex === 'number' ? { path, policyIndex } : undefined
}

function headOf({ path, policyIndex }: AskedProbe): ReturnType<typeof ownRequest> {
  const headers = {
    [INDEX_ONLY_HEADER]: 'true',
    'x-backend-storage-policy-index': String(policyIndex),
    'x-backend-allow-reserved-names': 'true',
  }
  return ownRequest({ method: 'HEAD', path, headers })
}
