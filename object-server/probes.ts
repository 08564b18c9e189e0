/**
 * Many looks at the index in one request: each goes the way of the HEAD that it stands for, through the same layers, so
 * that what it says is worth exactly as much; or a shorter way to the same answer (`quick-probes.ts`).
 */
import {
  INDEX_ONLY_HEADER,
  PROBE_ANSWER_HEADERS,
  PROBES_MAX,
  PROBES_METHOD,
  SHORT_PROBES_QUERY,
} from '#base/extensions.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { type Handler, type Layer, ownRequest } from '#http/message.ts'
import { listOf, serveSeveral, type ToldAnswer, toldOf } from './several-requests.ts'

/** As many paths as one request has, as long as they can be. */
const REQUEST_BYTES_MAX = PROBES_MAX * 8_192

/** `quick`: what is known of each without that way; used where whoever asks takes the time of the data alone for an answer. */
export function serveProbes(
  announced: string,
  quick: (asked: readonly AskedProbe[]) => Promise<readonly (Timestamp | undefined)[]>,
): Layer {
  return (inner) => (request) => {
    if (request.method !== PROBES_METHOD) return inner(request)
    return serveSeveral(request, {
      announced,
      bytesMax: REQUEST_BYTES_MAX,
      parse: (written) => listOf(written, PROBES_MAX, probeOf),
      serve: async (asked) => {
        const known = request.query === SHORT_PROBES_QUERY ? await quick(asked) : []
        return await answersTo(inner, asked, known)
      },
    })
  }
}

export interface AskedProbe {
  readonly path: string
  readonly policyIndex: number
}

function probeOf(written: unknown): AskedProbe | undefined {
  if (!Array.isArray(written)) return undefined
  const [path, policyIndex] = written as readonly unknown[]
  return typeof path === 'string' && typeof policyIndex === 'number' ? { path, policyIndex } : undefined
}

/** The time of the data alone, or status and headers. */
type Told = Timestamp | ToldAnswer

async function answersTo(
  inner: Handler,
  asked: readonly AskedProbe[],
  known: readonly (Timestamp | undefined)[],
): Promise<readonly Told[]> {
  return await Promise.all(
    asked.map(async (probe, at) => known[at] ?? toldOf(await inner(headOf(probe)), PROBE_ANSWER_HEADERS)),
  )
}

function headOf({ path, policyIndex }: AskedProbe): ReturnType<typeof ownRequest> {
  const headers = {
    [INDEX_ONLY_HEADER]: 'true',
    'x-backend-storage-policy-index': String(policyIndex),
    'x-backend-allow-reserved-names': 'true',
  }
  return ownRequest({ method: 'HEAD', path, headers })
}
