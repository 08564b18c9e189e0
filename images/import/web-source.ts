/** The bytes behind a URI, for `web-download`: redirects are followed a few times, and each is checked like the first. */
import type { BodyStream } from '#http/message.ts'
import type { OutsideFetch, OutsideRequest, OutsideResponse } from '#http/outside-client.ts'
import { badRequest, Refusal } from '../refusal.ts'
import { type FetchRules, mayReachFor, parsedUrl, uriRefusal } from './address-rules.ts'

const REDIRECTS_MAX = 5
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** Longest silence of the other server, milliseconds. */
const SILENCE_MS = 60_000

export interface WebSource {
  readonly source: BodyStream
  /** As the server announced it. */
  readonly sizeBytes: number | undefined
  readonly cancel: () => Promise<void>
}

/** A server that the operator named. */
export interface TrustedServer {
  /** As it stands in the URI, with its port. */
  readonly trusted: string
  /** Shown to it, and to nobody else. */
  readonly headers: Readonly<Record<string, string>>
}

/** Opens the URI; a refusal says what was wrong with it, or with what its server answered. */
export async function openWebSource(
  fetch: OutsideFetch,
  rules: FetchRules,
  uri: string,
  server?: TrustedServer,
): Promise<WebSource | Refusal> {
  let target = uri
  for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
    const answer = await ask(fetch, rules, target, server)
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
  server: TrustedServer | undefined,
): Promise<OutsideResponse | Refusal> {
  const url = parsedUrl(uri)
  if (url !== undefined && url.host === server?.trusted) {
    return await fetched(fetch, { url, mayReach: () => true, headers: server.headers })
  }
  const refused = uriRefusal(uri, rules)
  if (refused !== undefined || url === undefined) return badRequest(`The URI is refused: ${refused}.`)
  return await fetched(fetch, { url, mayReach: mayReachFor(uri, rules) })
}

async function fetched(
  fetch: OutsideFetch,
  request: Pick<OutsideRequest, 'url' | 'mayReach' | 'headers'>,
): Promise<OutsideResponse | Refusal> {
  try {
    return await fetch({ ...request, method: 'GET', silenceMs: SILENCE_MS })
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
