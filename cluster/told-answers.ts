/** Answers that came together in one, as `object-server/several-requests.ts` tells them: a JSON list of status and headers. */
import { discard, type Response, readWhole } from '#http/message.ts'

/**
 * In the order in which they were asked for; `undefined` when it is no such list. `short`: what a text in the place of
 * status and headers stands for. Never rejects.
 */
export async function toldAnswers(
  response: Response,
  bytesMax: number,
  short: (text: string) => Response | undefined = () => undefined,
): Promise<readonly (Response | undefined)[] | undefined> {
  try {
    if (response.status === 200) return answersIn(await readWhole(response.body, bytesMax), short)
    await discard(response)
  } catch {
    // An answer that breaks off is none.
  }
  return undefined
}

function answersIn(
  body: Buffer,
  short: (text: string) => Response | undefined,
): readonly (Response | undefined)[] | undefined {
  const written: unknown = JSON.parse(body.toString('utf8'))
  if (!Array.isArray(written)) return undefined
  return written.map((one: unknown) => (typeof one === 'string' ? short(one) : answerOf(one)))
}

function answerOf(written: unknown): Response | undefined {
  if (!Array.isArray(written)) return undefined
  const [status, headers] = written as readonly unknown[]
  if (typeof status !== 'number' || typeof headers !== 'object' || headers === null) return undefined
  return { status, headers: headers as Readonly<Record<string, string>>, body: undefined }
}
