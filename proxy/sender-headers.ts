/** What of a request's headers says who sends it, and nothing of what it asks for. */
import type { HeaderMap } from '#http/message.ts'

const OF_SENDER = ['host', 'origin', 'referer', 'user-agent'] as const

/** The headers with which a request that follows from this one is asked in the same sender's name. */
export function senderHeaders(headers: HeaderMap): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name of OF_SENDER) if (headers[name] !== undefined) kept[name] = headers[name]
  return kept
}
