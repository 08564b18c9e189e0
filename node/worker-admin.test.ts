import t, { type Test } from 'tap'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { EMPTY_BODY, type Handler, type Response, readWhole } from '#http/message.ts'
import { WorkerLoop } from '#worker/loop.ts'
import { passWorker } from '#worker/pass.ts'
import { withInsidePaths } from './inside-paths.ts'
import { workerAdmin } from './worker-admin.ts'

interface Scene {
  readonly clock: VirtualClock
  readonly ask: (method: string, path: string, query?: string) => Promise<Response>
  readonly loop: WorkerLoop
}

/** One worker whose passes take two seconds. */
function scene(t: Test): Scene {
  const clock = new VirtualClock()
  const kept = new Map<string, number>()
  const worker = passWorker({
    name: 'auditor',
    clock,
    log: silentLogger,
    unit: 'objects',
    pauseMs: () => 60_000,
    pass: async (pass, { signal }) => {
      pass.expect(2)
      for (let step = 0; step < 2; step += 1) {
        await clock.sleep(1000, signal)
        pass.advance()
      }
      return 'complete'
    },
    live: async () => ({ oldest_seconds: 3 }),
  })
  const loop = new WorkerLoop({
    worker,
    clock,
    log: silentLogger,
    pauses: {
      pausedUntilMs: (name) => kept.get(name),
      keep: async (name, untilMs) => {
        if (untilMs === undefined) kept.delete(name)
        else kept.set(name, untilMs)
      },
    },
  })
  loop.start()
  t.teardown(() => loop.stop())
  const handler = workerAdmin({ device: 'd1', clock, loops: [loop] })
  const ask = (method: string, path: string, query = ''): Promise<Response> => {
    return handler(requestOf(method, path, query))
  }
  return { clock, ask, loop }
}

function requestOf(method: string, path: string, query = ''): Parameters<Handler>[0] {
  const rest = { headers: {}, body: EMPTY_BODY, signal: undefined, remoteAddress: '', secure: false }
  return { method, path, query, ...rest }
}

async function textOf({ body }: Response): Promise<string> {
  return (await readWhole(body, 100_000)).toString()
}

t.test('all workers are told with what they do', async (t) => {
  const { ask } = scene(t)
  const answer = await ask('GET', '/martlet/workers')
  t.equal(answer.status, 200)
  t.match(JSON.parse(await textOf(answer)), [
    { name: 'auditor', state: { kind: 'resting' }, live: { oldest_seconds: 3 } },
  ])
})

t.test('a pass that is asked for tells how far it is, and its report at the end', async (t) => {
  const { ask, clock } = scene(t)
  const answer = await ask('POST', '/martlet/workers/auditor/run')
  const reading = textOf(answer)
  await clock.advance(3000)
  const lines = (await reading)
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
  t.match(lines[0], { kind: 'progress', device: 'd1', progress: { done: 0, total: 2, unit: 'objects' } })
  t.match(lines.at(-1), { kind: 'report', device: 'd1', report: { ended: 'complete' } })
  t.equal(lines.length, 4)
})

t.test('the pass goes on when the asker is gone', async (t) => {
  const { ask, clock, loop } = scene(t)
  const { body } = await ask('POST', '/martlet/workers/auditor/run')
  if (body === undefined || Buffer.isBuffer(body)) return void t.fail('no stream')
  await body.cancel()
  await clock.advance(3000)
  t.match(loop.worker.lastPass(), { ended: 'complete' })
})

t.test('a pause has an end, and nothing else is taken for one', async (t) => {
  const { ask, clock, loop } = scene(t)
  for (const query of ['', 'seconds=0', 'seconds=-1', 'seconds=x', 'seconds=604801', 'seconds=Infinity']) {
    t.equal((await ask('POST', '/martlet/workers/auditor/pause', query)).status, 400, query)
  }
  const answer = await ask('POST', '/martlet/workers/auditor/pause', 'seconds=60')
  t.match(JSON.parse(await textOf(answer)), { kind: 'paused', untilMs: clock.wallMs() + 60_000 })
  t.equal(loop.state().kind, 'paused')
  await ask('POST', '/martlet/workers/auditor/resume')
  t.equal(loop.state().kind, 'resting')
})

t.test('what nobody knows is refused', async (t) => {
  const { ask } = scene(t)
  t.equal((await ask('POST', '/martlet/workers/gardener/run')).status, 404)
  t.equal((await ask('POST', '/martlet/workers/auditor/dance')).status, 404)
  t.equal((await ask('GET', '/martlet/workers/auditor/run')).status, 405)
  t.equal((await ask('POST', '/martlet/workers')).status, 405)
})

t.test('the paths of the process stand before one server, and only there', async (t) => {
  const say =
    (text: string): Handler =>
    async () => ({ status: 200, headers: {}, body: Buffer.from(text) })
  const servers = { account: say('account'), container: say('container'), object: say('object') }
  const inside = { workers: say('workers'), invalidations: undefined }
  const endpoints = [
    { server: 'object', host: '', port: 1 },
    { server: 'container', host: '', port: 2 },
  ] as const
  const served = withInsidePaths(servers, endpoints, inside)
  const at = async (server: keyof typeof servers, path: string): Promise<string> => {
    const answer = await served[server](requestOf('GET', path))
    return answer.status === 200 ? textOf(answer) : String(answer.status)
  }
  t.equal(await at('container', '/martlet/workers'), 'workers')
  t.equal(await at('container', '/martlet/workers/updater/run'), 'workers')
  t.equal(await at('container', '/martlet/invalidations'), '404')
  t.equal(await at('container', '/martlet/constructor'), '404')
  t.equal(await at('container', '/d1/7/a/c'), 'container')
  t.equal(await at('object', '/martlet/workers'), 'object')
})
