/**
 * Many looks at the index in one request: each goes the way of the HEAD that it stands for, through the same layers, so
 * that what it says is worth exactly as much; or a shorter way to the same answer (`quick-probes.ts`).
 */
import { textAnswer } from '#backend/answers.ts'
import {
  CAPABILITIES_HEADER,
  INDEX_ONLY_HEADER,
  PROBE_ANSWER_HEADERS,
  PROBES_MAX,
  PROBES_METHOD,
  SHORT_PROBES_QUERY,
} from '#base/extensions.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { Response } from '#http/message.ts'
import { BodyError, type Handler, headerOf, type Layer, ownRequest, readWhole } from '#http/message.ts'

/** As many paths as one request has, as long as they can be. */
const REQUEST_BYTES_MAX = PROBES_MAX * 8_192

/** `quick`: what is known of each without that way; used where whoever asks takes the time of the data alone for an answer. */
export function serveProbes(
  announced: string,
  quick: (asked: readonly AskedProbe[]) => Promise<readonly (Timestamp | undefined)[]>,
): Layer {
  return (inner) => async (request) => {
    if (request.method !== PROBES_METHOD) return await inner(request)
    try {
      const asked = probesIn(await readWhole(request.body, REQUEST_BYTES_MAX))
      if (asked === undefined) return textAnswer(400, 'Invalid probes')
      const known = request.query === SHORT_PROBES_QUERY ? await quick(asked) : []
      return probesAnswer(announced, await answersTo(inner, asked, known))
    } catch (error) {
      if (error instanceof BodyError && error.code === 'BODY_TOO_LARGE')
        return textAnswer(413, 'Too many probes')
      throw error
    }
  }
}

export interface AskedProbe {
  readonly path: string
  readonly policyIndex: number
}

function probesIn(body: Buffer): readonly AskedProbe[] | undefined {
  let written: unknown
  try {
    written = JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
  if (!Array.isArray(written) || written.length > PROBES_MAX) return undefined
  const probes = written.map(probeOf)
  return probes.every((probe) => probe !== undefined) ? probes : undefined
}

function probeOf(written: unknown): AskedProbe | undefined {
  if (!Array.isArray(written)) return undefined
  const [path, policyIndex] = written as readonly unknown[]
  return typeof path === 'string' && typeof policyIndex === 'number' ? { path, policyIndex } : undefined
}

/** The time of the data alone, or status and headers. */
type Told = Timestamp | readonly [number, Readonly<Record<string, string>>]

async function answersTo(
  inner: Handler,
  asked: readonly AskedProbe[],
  known: readonly (Timestamp | undefined)[],
): Promise<readonly Told[]> {
  return await Promise.all(asked.map(async (probe, at) => known[at] ?? told(await inner(headOf(probe)))))
}

function probesAnswer(announced: string, answers: readonly Told[]): Response {
  const body = Buffer.from(JSON.stringify(answers))
  const headers = {
    'content-type': 'application/json',
    'content-length': String(body.length),
    [CAPABILITIES_HEADER]: announced,
  }
  return { status: 200, headers, body }
}

function headOf({ path, policyIndex }: AskedProbe): ReturnType<typeof ownRequest> {
  const headers = {
    [INDEX_ONLY_HEADER]: 'true',
    'x-backend-storage-policy-index': String(policyIndex),
    'x-backend-allow-reserved-names': 'true',
  }
  return ownRequest({ method: 'HEAD', path, headers })
}

function told(answer: Response): Told {
  const headers: Record<string, string> = {}
  for (const name of PROBE_ANSWER_HEADERS) {
    const value = headerOf(answer, name)
    if (value !== undefined) headers[name] = value
  }
  return [answer.status, headers]
}
