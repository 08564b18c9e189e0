/**
 * `X-Delete-At` (a time, seconds) and `X-Delete-After` (seconds from now), which wins when both are sent. Rules and
 * texts: OpenStack Swift, `common/constraints.py`: `check_delete_headers`.
 */
import type { Clock } from '#base/environment.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import { textAnswer } from '../answers.ts'

export type DeleteAt =
  /** Ten digits, or nothing when the object is to stay. */
  | { readonly kind: 'time'; readonly value: string | undefined }
  | { readonly kind: 'refused'; readonly response: Response }

/** Ten digits are the most that the expirer's queue sorts (20 November 2286). */
const LATEST_SECONDS = 9_999_999_999
const INTEGER = /^\s*[+-]?\d+\s*$/

/** When the object is to go, or the refusal. */
export function deleteAtIn(headers: HeaderMap, clock: Clock): DeleteAt {
  const after = headers['x-delete-after']
  const at = headers['x-delete-at']
  if (after === undefined && at === undefined) return { kind: 'time', value: undefined }
  const nowSeconds = clock.wallMs() / 1000
  if (after !== undefined) {
    if (!INTEGER.test(after)) return refused('Non-integer X-Delete-After')
    return checked(nowSeconds + Number(after), nowSeconds, 'X-Delete-After in past')
  }
  if (!INTEGER.test(at ?? '')) return refused('Non-integer X-Delete-At')
  return checked(Number(at), nowSeconds, 'X-Delete-At in past')
}

function checked(seconds: number, nowSeconds: number, inPast: string): DeleteAt {
  const wholeSeconds = Math.floor(Math.min(Math.max(seconds, 0), LATEST_SECONDS))
  if (wholeSeconds <= nowSeconds) return refused(inPast)
  return { kind: 'time', value: String(wholeSeconds).padStart(10, '0') }
}

function refused(text: string): DeleteAt {
  return { kind: 'refused', response: textAnswer(400, text) }
}
