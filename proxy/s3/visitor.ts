/** Somebody with a browser: no account, no signature, nothing sent. */
import { EMPTY_BODY } from '#http/message.ts'
import type { Caller, SentBody } from './operation.ts'

export const VISITOR: Caller = { kind: 'anonymous' }

export const NOTHING_SENT: SentBody = {
  body: EMPTY_BODY,
  problem: () => undefined,
  checksum: () => undefined,
  computeChecksum: () => undefined,
}
