/**
 * One request that stands for several to the same device: its body says which, its answer what became of each. What the
 * body must look like is up to who asks for it (`probes.ts`, `batches.ts`).
 */
import { textAnswer } from '#backend/answers.ts'
import { CAPABILITIES_HEADER } from '#base/extensions.ts'
import { BodyError, headerOf, type Request, type Response, readWhole } from '#http/message.ts'

export interface SeveralRequests<Asked> {
  /** Of the body, bytes. */
  readonly bytesMax: number
  /** `undefined` for what is no such body. */
  readonly parse: (written: unknown) => Asked | undefined
  /** The answer to each, in the order in which they were asked, and which of their headers are told. */
  readonly serve: (
    asked: Asked,
  ) => Promise<{ readonly answers: readonly Response[]; readonly told: readonly string[] }>
}

/** 400 for a body that cannot be understood, 413 for one that is too long. */
export async function serveSeveral<Asked>(
  request: Request,
  { bytesMax, parse, serve }: SeveralRequests<Asked>,
): Promise<Response> {
  try {
    const asked = parse(jsonIn(await readWhole(request.body, bytesMax)))
    if (asked === undefined) return textAnswer(400, `Invalid ${request.method} request`)
    const { answers, told } = await serve(asked)
    return combined(answers, told)
  } catch (error) {
    if (error instanceof BodyError && error.code === 'BODY_TOO_LARGE')
      return textAnswer(413, `${request.method} request too long`)
    throw error
  }
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

function combined(answers: readonly Response[], told: readonly string[]): Response {
  const body = Buffer.from(JSON.stringify(answers.map((one) => [one.status, headersOf(one, told)])))
  const capabilities = answers
    .map((one) => headerOf(one, CAPABILITIES_HEADER))
    .find((one) => one !== undefined)
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'content-length': String(body.length),
      ...(capabilities === undefined ? {} : { [CAPABILITIES_HEADER]: capabilities }),
    },
    body,
  }
}

function headersOf(answer: Response, told: readonly string[]): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  for (const name of told) {
    const value = headerOf(answer, name)
    if (value !== undefined) headers[name] = value
  }
  return headers
}
