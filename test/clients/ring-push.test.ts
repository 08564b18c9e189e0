/** Three hosts, each with ring files of its own: rings are pushed with `martlet ring push`, and who missed one catches up. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseRing } from '#ring/ring-file.ts'
import { run } from '#test/programs.ts'
import { MARTLET, RunningMartlet, temporaryDirectory } from '#test/running-cluster.ts'
import { until } from '#test/session.ts'

t.setTimeout(180_000)

/** Loopback addresses of this test's own. */
const HOSTS = ['127.0.17.2', '127.0.17.3', '127.0.17.4'] as const
const PORTS = { account: 6202, container: 6201, object: 6200 } as const
const CATCH_UP_WITHIN_MS = 60_000

class Cluster {
  readonly etc: string
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
    this.etc = join(directory, 'etc')
    mkdirSync(this.etc)
  }

  /** Runs `martlet …` in the directory of the builders. */
  async martlet(
    ...args: readonly string[]
  ): Promise<{ readonly text: string; readonly code: number | null }> {
    const { code, stdout, stderr } = await run(process.execPath, [MARTLET, ...args], {
      directory: this.etc,
    })
    return { text: stdout + stderr, code }
  }

  async makeFiles(): Promise<void> {
    await this.martlet('cluster', 'create', 'cluster.json')
    for (const [name, port] of Object.entries(PORTS)) {
      const builder = `${name}.builder`
      const places = HOSTS.flatMap((host, at) => [`r1z${at + 1}-${host}:${port}/d1`, '100'])
      await this.martlet('ring', 'create', builder, '6', '2', '0')
      await this.martlet('ring', 'add', builder, ...places)
      await this.martlet('ring', 'rebalance', builder, '--seed', '1')
    }
    for (const host of HOSTS) this.#makeHost(host)
  }

  #makeHost(host: string): void {
    const own = join(this.#directory, host)
    mkdirSync(join(own, 'rings'), { recursive: true })
    mkdirSync(join(own, 'srv', 'd1'), { recursive: true })
    for (const file of readdirSync(this.etc).filter((name) => name.endsWith('.ring.gz')))
      copyFileSync(join(this.etc, file), join(own, 'rings', file))
    const settings = [
      '[cluster]',
      `file = "${join(this.etc, 'cluster.json')}"`,
      `rings = "${join(own, 'rings')}"`,
      '[storage]',
      `host = "${host}"`,
      `devices = "${join(own, 'srv')}"`,
    ]
    writeFileSync(this.config(host), settings.join('\n'))
  }

  config(host: string): string {
    return join(this.#directory, host, 'martlet.toml')
  }

  /** Version of the object ring in the files of a host. */
  version(host: string, file = 'object.ring.gz'): number | undefined {
    const parsed = parseRing(readFileSync(join(this.#directory, host, 'rings', file)))
    return parsed.kind === 'ring' ? parsed.ring.version : undefined
  }

  async start(t: Test, host: string, ...args: readonly string[]): Promise<RunningMartlet> {
    const node = new RunningMartlet(['node', '--config', this.config(host), ...args])
    t.teardown(() => node.stop())
    await node.printed(/are ready/)
    return node
  }
}

t.test(
  'a pushed ring is in use on every host that runs, and seconds later on one that comes back',
  async (t) => {
    const cluster = new Cluster(temporaryDirectory(t))
    await cluster.makeFiles()
    const [first, second, third] = HOSTS
    const nodes = await Promise.all(HOSTS.map((host) => cluster.start(t, host, '--new-cluster')))
    const before = cluster.version(first)
    await nodes[2]?.stop()
    await cluster.martlet('ring', 'set-weight', 'object.builder', 'd0', '150')
    await cluster.martlet('ring', 'rebalance', 'object.builder', '--seed', '2')
    const push = ['ring', 'push', 'object.ring.gz', '--config', cluster.config(first)]

    const pushed = await cluster.martlet(...push)
    t.equal(pushed.code, 1, 'one host did not get it')
    t.match(pushed.text, /^Ring object, version \d+: in use on 2 of 3\n/)
    t.match(pushed.text, /127\.0\.17\.4\/d1 .* not running\n/)
    t.match(
      pushed.text,
      /martlet: 1 of 3 do not use version \d+ of ring object; those that come back fetch it/,
    )
    const now = cluster.version(first) ?? 0
    t.ok(now > (before ?? 0))
    t.same([cluster.version(second), cluster.version(third)], [now, before])
    t.equal(cluster.version(first, 'object.ring.gz.previous'), before, 'the ring before is kept')

    await cluster.start(t, third)
    await until(t, 'it caught up', async () => cluster.version(third) === now, CATCH_UP_WITHIN_MS)
    const again = await cluster.martlet(...push)
    t.same([again.code, again.text.match(/in use already/g)?.length], [0, 3])
  },
)

t.test('a mistake is one sentence, and nothing is sent', async (t) => {
  const cluster = new Cluster(temporaryDirectory(t))
  await cluster.makeFiles()
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
    [['object.ring.gz', '--config', config], /3 of 3 do not use version \d+ of ring object/],
  ]
  for (const [args, message] of mistakes) {
    const { text, code } = await cluster.martlet('ring', 'push', ...args)
    t.match(text, message)
    t.match(text.trimEnd().split('\n').at(-1), /^martlet: /)
    t.equal(code, 1)
  }
})
