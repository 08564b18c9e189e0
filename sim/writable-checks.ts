/** When everything is healed every object can be written again, at the first attempt, through every proxy. */
import { bufferBody } from '#http/message.ts'
import type { WriteCondition } from '#store/condition.ts'
import type { Cluster } from './cluster.ts'
import { CHECK_CONTEXT, type Outcome } from './final-checks.ts'
import { nameOfPath } from './object-names.ts'
import type { RunningProxy } from './proxy-node.ts'
import { Violation } from './violation.ts'

const BODY = Buffer.from('written when all was healed')

/** Nothing that a run left behind refuses or hides what is written now. To be called last: it changes every object. */
export async function checkWritable(cluster: Cluster, outcomes: readonly Outcome[]): Promise<void> {
  const proxies = cluster.proxies.flatMap(({ running }) => running ?? [])
  for (const [at, outcome] of outcomes.entries()) {
    const [one, other] = [proxies[at % proxies.length], proxies[(at + 1) % proxies.length]]
    if (one !== undefined && other !== undefined) await write(one, other, outcome)
  }
}

/** On a condition, its metadata, and away with it. */
async function write(one: RunningProxy, other: RunningProxy, outcome: Outcome): Promise<void> {
  const name = nameOfPath(outcome.path)
  const condition: WriteCondition = outcome.exists
    ? { kind: 'matches', etags: `"${outcome.etag}"` }
    : { kind: 'absent' }
  const put = await one.store.objects.put(CHECK_CONTEXT, name, {
    body: bufferBody(BODY),
    contentType: 'text/plain',
    metadata: {},
    expectedEtag: undefined,
    limitBytes: BODY.length,
    condition,
  })
  expect(outcome, 'a PUT on a condition', put.kind, 'created')
  const { objects } = one.store
  const posted = await objects.post(CHECK_CONTEXT, name, { metadata: {}, contentType: undefined })
  expect(outcome, 'a POST', posted.kind, 'accepted')
  expect(outcome, 'a DELETE', (await other.store.objects.delete(CHECK_CONTEXT, name, {})).kind, 'deleted')
  const read = await objects.read(CHECK_CONTEXT, name, { method: 'HEAD', conditions: {}, newest: true })
  expect(outcome, 'a read of what was deleted', read.kind, 'no_such_object')
}

function expect({ path }: Outcome, what: string, told: string, wanted: string): void {
  if (told === wanted) return
  throw new Violation('not_writable', `${path}: ${what} was answered ${told}`, [path])
}
