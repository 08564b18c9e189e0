/**
 * One request that stands for several to the same device: its body says which, its answer what became of each. What the
 * body must look like is up to who asks for it (`probes.ts`, `batches.ts`).
 */
import { textAnswer } from '#backend/answers.ts'
import { CAPABILITIES_HEADER } from '#base/extensions.ts'
import { BodyError, headerOf, type Request, type Response, readWhole } from '#http/message.ts'

export interface SeveralRequests<Asked> {
  /** What the server can, for `CAPABILITIES_HEADER`. */
  readonly announced: string
  /** Of the body, bytes. */
  readonly bytesMax: number
  /** `undefined` for what is no such body. */
  readonly parse: (written: unknown) => Asked | undefined
  /** What became of each, in the order in which they were asked. */
  readonly serve: (asked: Asked) => Promise<readonly unknown[]>
}

/** An answer to one of them, with some of its headers. */
export type ToldAnswer = readonly [status: number, headers: Readonly<Record<string, string>>]

/** 400 for a body that cannot be understood, 413 for one that is too long. */
export async function serveSeveral<Asked>(
  request: Request,
  { announced, bytesMax, parse, serve }: SeveralRequests<Asked>,
): Promise<Response> {
  try {
    const asked = parse(jsonIn(await readWhole(request.body, bytesMax)))
    if (asked === undefined) return textAnswer(400, `Invalid ${request.method} request`)
    const body = Buffer.from(JSON.stringify(await serve(asked)))
    const headers = {
      'content-type': 'application/json',
      'content-length': String(body.length),
      [CAPABILITIES_HEADER]: announced,
    }
    return { status: 200, headers, body }
  } catch (error) {
    if (error instanceof BodyError && error.code === 'BODY_TOO_LARGE')
      return textAnswer(413, `${request.method} request too long`)
    throw error
  }
}

export function toldOf(answer: Response, names: readonly string[]): ToldAnswer {
  const headers: Record<string, string> = {}
  for (const name of names) {
    const value = headerOf(answer, name)
    if (value !== undefined) headers[name] = value
  }
  return [answer.status, headers]
}

/** The list that `written` is, when each of its members is what it has to be and there are not too many. */
export function listOf<Item>(
  written: unknown,
  countMax: number,
  parse: (member: unknown) => Item | undefined,
): readonly Item[] | undefined {
  if (!Array.isArray(written) || written.length > countMax) return undefined
  const items = written.map(parse)
  return items.every((item) => item !== undefined) ? items : undefined
}

function jsonIn(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
