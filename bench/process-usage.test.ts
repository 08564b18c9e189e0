import { execFileSync } from 'node:child_process'
import t from 'tap'
import { processTree, threadSeconds, usageOf } from './process-usage.ts'

const onLinux = process.platform === 'linux' ? {} : { skip: 'reads /proc' }

t.test('counts the time of this process', onLinux, async (t) => {
  const before = usageOf([process.pid])
  const until = performance.now() + 120
  while (performance.now() < until) Math.hypot(until, 2)
  const after = usageOf([process.pid])
  t.ok(after.cpuSeconds - before.cpuSeconds >= 0.05)
  t.ok(after.pssBytes > 1024 * 1024)
  t.ok(after.rssBytes >= after.pssBytes)
})

t.test('counts the time of children that have ended', onLinux, async (t) => {
  const before = usageOf([process.pid])
  const burn = 'const until = performance.now() + 150; while (performance.now() < until) {}'
  execFileSync(process.execPath, ['-e', burn])
  const after = usageOf([process.pid])
  t.ok(after.cpuSeconds - before.cpuSeconds >= 0.1)
})

t.test('names the threads of a process', onLinux, async (t) => {
  t.ok(threadSeconds([process.pid]).has('main (JavaScript)'))
  t.ok(processTree([process.pid]).includes(process.pid))
})

t.test('a process that is gone counts nothing', onLinux, async (t) => {
  t.same(usageOf([0x3fffffff]), { cpuSeconds: 0, rssBytes: 0, pssBytes: 0, processes: 0 })
})
