/** Says to a client that a condition of its write was judged with less certainty than we promise otherwise. */
import type { Response } from '#http/message.ts'
import type { ConditionJudged } from '#store/condition.ts'

/** In the answer to a conditional write that storage servers of another make could not promise anything for. */
const CONDITION_HEADER = 'x-conditional-write'

export function withConditionHeader(response: Response, judged: ConditionJudged | undefined): Response {
  if (judged !== 'best_effort') return response
  return { ...response, headers: { ...response.headers, [CONDITION_HEADER]: 'best-effort' } }
}
