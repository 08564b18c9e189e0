/**
 * Goal: a client cannot tell this door from OpenStack Swift's. Method: the requests of `testing/scenario.ts` were sent to
 * a real OpenStack Swift 2.30, whose answers are recorded; ours must be the same, times and identifiers aside. Where ours
 * differ on purpose, `testing/expected-answers.ts` says how and why.
 */
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { listen } from '#http/server.ts'
import { expectedOf } from './testing/expected-answers.ts'
import { normalAnswer } from './testing/normal-answer.ts'
import { playScenario } from './testing/play-scenario.ts'
import { CALLERS, type Caller, type Step } from './testing/scenario/step.ts'
import { SCENARIO } from './testing/scenario.ts'
import { type Sent, send, testProxy, tokenFor } from './testing/test-proxy.ts'

const { handler } = testProxy()
const tokens = new Map<Caller, string>()
for (const [caller, { user, key }] of Object.entries(CALLERS)) {
  tokens.set(caller as Caller, await tokenFor(handler, user, key))
}

function sentFor(step: Step): Sent {
  const headers: Record<string, string> = { ...step.headers }
  if (step.as !== undefined) headers['X-Auth-Token'] = tokens.get(step.as) ?? ''
  if (step.framing === 'chunked') headers['Transfer-Encoding'] = 'chunked'
  const body = step.framing === 'none' ? undefined : step.body
  return { method: step.method, target: step.target, headers, ...(body === undefined ? undefined : { body }) }
}

/** What the HTTP server refuses by itself, before any door. */
const REFUSED_BY_SERVER: ReadonlySet<string> = new Set(['PUT of an object with a bad transfer encoding'])

t.test('the same over real connections', async (t) => {
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    handler: testProxy().handler,
    clock: realClock,
    log: silentLogger,
  })
  t.teardown(() => listener.close({ graceMs: 0 }))
  const answers = await playScenario({ ...listener.address, pauseMs: 0 })
  for (const step of SCENARIO) {
    if (!REFUSED_BY_SERVER.has(step.name)) t.strictSame(answers[step.name], expectedOf(step), step.name)
  }
})

for (const step of SCENARIO) {
  await t.test(step.name, async (t) => {
    const received = await send(handler, sentFor(step))
    t.match(received.headers['x-trans-id'], /^tx[0-9a-f]{21}-[0-9a-f]{10}$/, 'has a transaction identifier')
    t.equal(received.headers['x-openstack-request-id'], received.headers['x-trans-id'])
    t.strictSame(normalAnswer(received.status, received.headers, received.body), expectedOf(step))
  })
}
