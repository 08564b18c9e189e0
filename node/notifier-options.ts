/** Options of the worker that sends events of buckets to webhooks, `[notifier]`. */
import { duration, listOf, text } from '#base/option-values.ts'
import { option } from '#base/options.ts'

export const notifier = {
  intervalMs: option({
    name: 'interval',
    doc: 'Between two looks at the events that wait.',
    unit: 'seconds',
    parse: duration,
    default: 2_000,
    source: 'decision',
  }),
  allowedHosts: option<readonly string[]>({
    name: 'allowed_hosts',
    doc: 'Names or addresses of hosts that webhooks may be on although they are not on the public network.',
    parse: listOf(text({ leastLength: 1 })),
    default: [],
    source: "decision: a webhook is a request on a user's behalf",
  }),
  timeoutMs: option({
    name: 'timeout',
    doc: 'Longest silence of a webhook.',
    unit: 'seconds',
    parse: duration,
    default: 10_000,
    source: 'decision',
  }),
}
