/** Three hosts, each with ring files of its own: rings are pushed with `martlet ring push`, and who missed one catches up. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { HostCluster } from '#test/host-cluster.ts'
import { temporaryDirectory } from '#test/running-cluster.ts'
import { until } from '#test/session.ts'

t.setTimeout(600_000)

/** Loopback addresses of this test's own. */
const HOSTS = ['127.0.17.2', '127.0.17.3', '127.0.17.4'] as const
const CATCH_UP_WITHIN_MS = 180_000

const version = (cluster: HostCluster, host: string): number | undefined => cluster.ring(host).version

function makeCluster(t: Test): Promise<HostCluster> {
  return HostCluster.make({ directory: temporaryDirectory(t), hosts: HOSTS, replicas: 2 })
}

t.test(
  'a pushed ring is in use on every host that runs, and seconds later on one that comes back',
  async (t) => {
    const cluster = await makeCluster(t)
    const [first, second, third] = HOSTS
    const nodes = await Promise.all(HOSTS.map((host) => cluster.startNode(t, host, '--new-cluster')))
    await cluster.startProxy(t, first)
    const before = version(cluster, first)
    await nodes[2]?.stop()
    await cluster.martlet('ring', 'set-weight', 'object.builder', 'd0', '150')
    await cluster.martlet('ring', 'rebalance', 'object.builder', '--seed', '2')
    const push = ['ring', 'push', 'object.ring.gz', '--config', cluster.config(first)]

    const pushed = await cluster.martlet(...push)
    t.equal(pushed.code, 1, 'one host did not get it')
    t.match(pushed.text, /^Ring object, version \d+: in use on 3 of 4\n/)
    t.match(pushed.text, /127\.0\.17\.4\/d1 .* not running\n/)
    t.match(
      pushed.text,
      /martlet: 1 of 4 do not use version \d+ of ring object; those that come back fetch it/,
    )
    const now = version(cluster, first) ?? 0
    t.ok(now > (before ?? 0))
    t.same([version(cluster, second), version(cluster, third)], [now, before])
    t.equal(cluster.ring(first, 'object.ring.gz.previous').version, before, 'the ring before is kept')

    await cluster.startNode(t, third)
    await until(t, 'it caught up', async () => version(cluster, third) === now, CATCH_UP_WITHIN_MS)
    const again = await cluster.martlet(...push)
    t.same([again.code, again.text.match(/in use already/g)?.length], [0, 4])
  },
)

t.test('a mistake is one sentence, and nothing is sent', async (t) => {
  const cluster = await makeCluster(t)
  const config = cluster.config(HOSTS[0])
  writeFileSync(join(cluster.etc, 'junk.ring.gz'), 'junk')
  mkdirSync(join(cluster.etc, 'broken'))
  writeFileSync(join(cluster.etc, 'broken', 'object.ring.gz'), 'junk')
  const mistakes: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [['none.ring.gz', '--config', config], /is not named as a ring/],
    [['object.ring.gz', '--config', 'no.toml'], /no\.toml cannot be read/],
    [['object-3.ring.gz', '--config', config], /cannot read .*there is no such file/],
    [['broken/object.ring.gz', '--config', config], /cannot read ring .*not a whole gzip file/],
    [['object.ring.gz', '--data', join(cluster.etc, 'nowhere')], /there is no cluster in /],
    [['object.ring.gz', '--config', config], /4 of 4 do not use version \d+ of ring object/],
  ]
  for (const [args, message] of mistakes) {
    const { text, code } = await cluster.martlet('ring', 'push', ...args)
    t.match(text, message)
    t.match(text.trimEnd().split('\n').at(-1), /^martlet: /)
    t.equal(code, 1)
  }
})
