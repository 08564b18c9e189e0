/** Plays the requests of `identity-requests.ts` to a service, and makes its answers comparable. */
import type { IdentityRequest } from './identity-requests.ts'

export interface RawAnswer {
  readonly status: number
  /** Of `X-Subject-Token`. */
  readonly token: string
  readonly body: unknown
}

/** Sends one request; `path` begins with `/v3`. */
export type SendIdentity = (
  request: Pick<IdentityRequest, 'method' | 'body'> & {
    readonly path: string
    readonly token: string | undefined
    readonly subject: string | undefined
  },
) => Promise<RawAnswer>

export interface ComparableAnswer {
  readonly request: string
  readonly status: number
  readonly body: unknown
}

const NOBODYS = 'no-token-of-anybody'

export async function playIdentity(
  requests: readonly IdentityRequest[],
  send: SendIdentity,
  { baseUrl, adminToken }: { readonly baseUrl: string; readonly adminToken: string },
): Promise<readonly ComparableAnswer[]> {
  const ids = new Map<string, string>()
  const tokens = new Map([
    ['admin', adminToken],
    ['nobody', NOBODYS],
  ])
  const filledIn = (text: string): string => text.replaceAll(/\{(\w+)\}/g, (_, name) => ids.get(name) ?? name)
  const answers: ComparableAnswer[] = []
  for (const { as = 'admin', method, path, body, subject, gives, compared = 'whole' } of requests) {
    const answer = await send({
      method,
      path: `/v3${filledIn(path)}`,
      body: body === undefined ? undefined : JSON.parse(filledIn(JSON.stringify(body))),
      token: as === 'nobody' ? undefined : tokens.get(as),
      subject: subject === undefined ? undefined : (tokens.get(subject) ?? NOBODYS),
    })
    if (gives !== undefined && gives !== '') {
      if (answer.token === '') ids.set(gives, idIn(answer.body))
      else tokens.set(gives, answer.token)
    }
    const names = new Map([...ids].map(([name, id]) => [id, `{${name}}`]))
    const isWhole = compared === 'whole' && answer.status !== 400 && method !== 'HEAD'
    answers.push({
      request: `${as}: ${method} ${path}`,
      status: answer.status,
      body: isWhole ? comparable(answer.body, names, baseUrl) : undefined,
    })
  }
  return answers
}

/** `{"domain": {"id": …}}`, `{"links": …, "limits": [{"id": …}]}` */
function idIn(body: unknown): string {
  const items = Object.values(body as Record<string, unknown>).map(
    (one) => (Array.isArray(one) ? one[0] : one) as { readonly id?: unknown } | undefined,
  )
  return String(items.find((item) => item?.id !== undefined)?.id)
}

const ID = /\b[0-9a-f]{32,64}\b/g
const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z?/g

/** Ids by their names, addresses without their host, times and what is random as one word, lists in an order. */
function comparable(value: unknown, names: ReadonlyMap<string, string>, baseUrl: string): unknown {
  if (typeof value === 'string') {
    return (
      value
        .replaceAll(baseUrl, '')
        .replaceAll(ID, (id) => names.get(id) ?? '{id}')
        .replaceAll(TIME, '{time}')
        // The name of the rule of its policy.
        .replace(/: identity:\w+\.$/, '.')
    )
  }
  if (Array.isArray(value)) {
    const items = value.map((one) => comparable(one, names, baseUrl))
    return items.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(
        ([name, one]) =>
          [
            names.get(name) ?? name,
            name === 'audit_ids' ? ['{random}'] : comparable(one, names, baseUrl),
          ] as const,
      )
      .toSorted(([one], [other]) => (one < other ? -1 : 1)),
  )
}
