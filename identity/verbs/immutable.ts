/** What is said to whoever would change or remove something immutable (Identity API v3, "Resource options"). */
import type { Response } from '#http/message.ts'
import { refusal } from '../answers.ts'

/** Keystone's words. */
export function immutable(what: 'update' | 'delete', type: string, id: string): Response {
  return refusal(
    403,
    `Unable to ${what} immutable ${type} resource: \`${id}. Set resource option "immutable" to false first.`,
  )
}
