/** The S3 door of a running cluster against AWS's API reference: a table of requests and what each comes to. */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { havePrograms, runWell } from '#test/programs.ts'
import { startCluster } from '#test/running-cluster.ts'
import { awsEnvironment } from './client-settings.ts'

t.setTimeout(600_000)

const SESSION = fileURLToPath(new URL('reference-session.py', import.meta.url))
/** So that a session that stopped early is not taken for one that went well. */
const CHECKS_LEAST = 190

t.test('requests come to what AWS’s reference says', async (t) => {
  if (!havePrograms(t, 'python3')) return
  const { url } = await startCluster(t)
  const stdout = await runWell('python3', [SESSION], { environment: awsEnvironment(url), timeoutMs: 240_000 })
  const { checked, differ } = JSON.parse(stdout) as { readonly checked: number; readonly differ: unknown }
  t.same(differ, [])
  t.ok(checked >= CHECKS_LEAST, `${checked} requests`)
})
