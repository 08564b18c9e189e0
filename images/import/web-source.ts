/** The bytes behind a URI, for `web-download`: redirects are followed a few times, and each is checked like the first. */
import type { OutsideFetch, OutsideResponse } from '#http/outside-client.ts'
import type { ByteSource } from '../data/image-store.ts'
import { badRequest, Refusal } from '../refusal.ts'
import { type FetchRules, mayReachFor, parsedUrl, uriRefusal } from './address-rules.ts'

const REDIRECTS_MAX = 5
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** Longest silence of the other server, milliseconds. */
const SILENCE_MS = 60_000

export interface WebSource {
  readonly source: ByteSource
  /** As the server announced it. */
  readonly sizeBytes: number | undefined
  readonly cancel: () => Promise<void>
}

/** Opens the URI; a refusal says what was wrong with it, or with what its server answered. */
export async function openWebSource(
  fetch: OutsideFetch,
  rules: FetchRules,
  uri: string,
  signal?: AbortSignal,
): Promise<WebSource | Refusal> {
  let target = uri
  for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
    const answer = await ask(fetch, rules, target, signal)
    if (answer instanceof Refusal) return answer
    const location = answer.headers['location']
    if (!REDIRECTS.has(answer.status) || location === undefined) return bytesOf(answer)
    await answer.body.cancel()
    if (!URL.canParse(location, target))
      return badRequest('The server redirects to something that is no URI.')
    target = new URL(location, target).href
  }
  return badRequest(`The server redirects more than ${REDIRECTS_MAX} times.`)
}

async function ask(
  fetch: OutsideFetch,
  rules: FetchRules,
  uri: string,
  signal: AbortSignal | undefined,
): Promise<OutsideResponse | Refusal> {
  const refused = uriRefusal(uri, rules)
  const url = parsedUrl(uri)
  if (refused !== undefined || url === undefined) return badRequest(`The URI is refused: ${refused}.`)
  const mayReach = mayReachFor(uri, rules)
  try {
    return await fetch({ url, method: 'GET', mayReach, silenceMs: SILENCE_MS, signal })
  } catch (error) {
    return badRequest(`The URI cannot be fetched: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function bytesOf({ status, headers, body }: OutsideResponse): Promise<WebSource | Refusal> {
  if (status !== 200) {
    await body.cancel()
    return badRequest(`The server of the URI answers ${status}.`)
  }
  const length = /^\d{1,15}$/.exec(headers['content-length'] ?? '')?.[0]
  return {
    source: body,
    sizeBytes: length === undefined ? undefined : Number(length),
    cancel: () => body.cancel(),
  }
}
