/** Every command of an operator against a cluster that is working for clients, and against one that is not running. */
import { copyFile, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { inspected } from '#cli/inspect.ts'
import { isLevel } from '#cli/inspect-level.ts'
import type { Location } from '#cli/locate.ts'
import type { ClusterStatus } from '#cli/status-summary.ts'
import { type RunningCluster, startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { Session, TESTER, until } from '#test/session.ts'
import { command, martlet } from './command.ts'
import { Load } from './load.ts'

t.setTimeout(600_000)

const DEVICES = 4
const REPLICAS = 3
/** Those that keep the promise that nothing is lost; there are others. */
const WORKERS = [
  'auditor',
  'census',
  'database-auditor',
  'database-replicator',
  'expirer',
  'listing-auditor',
  'quick-auditor',
  'reaper',
  'reconciler',
  'replicator',
  'updater',
]

async function statusOf(dataPath: string): Promise<ClusterStatus> {
  const { output } = await martlet('status', '--json', '--data', dataPath)
  return JSON.parse(output) as ClusterStatus
}

/** Objects that stay as they are, in a container of their own. */
async function putObjects(cluster: RunningCluster, count: number): Promise<readonly string[]> {
  const session = await Session.signIn(cluster.url, TESTER)
  await session.request('PUT', '/kept')
  const names = Array.from({ length: count }, (_, at) => `o${at}`)
  for (const name of names) await session.request('PUT', `/kept/${name}`, { body: Buffer.from(name) })
  return names
}

/** Objects and tombstones of a device. */
function recordsOn({ devices }: ClusterStatus, name: string): number {
  const objects = devices.find(({ device }) => device === name)?.figures?.objects ?? []
  return objects.reduce((sum, { records }) => sum + records, 0)
}

/** The data file of an object of which nobody makes another version, on its first primary. */
async function dataFileOf(dataPath: string, object: string): Promise<string> {
  const { output } = await martlet('locate', 'AUTH_test', 'kept', object, '--json', '--data', dataPath)
  const { hash, places } = JSON.parse(output) as Location
  const directory = join(dataPath, 'devices', places[0]?.device ?? '', 'objects', hash.slice(0, 2))
  const name = (await readdir(directory)).find((one) => one.startsWith(hash) && one.endsWith('.data'))
  return join(directory, name ?? '')
}

t.test('an operator watches a cluster at work', async (t) => {
  const cluster = await startCluster(t)
  const data = ['--data', cluster.dataPath]
  await putObjects(cluster, 20)
  const load = await Load.begin(t, cluster, 'load')

  await t.test('one pass of every worker on all devices, with its reports', async (t) => {
    const workers = (await statusOf(cluster.dataPath)).workers.map(({ name }) => name)
    t.same(
      WORKERS.filter((worker) => !workers.includes(worker)),
      [],
    )
    await Promise.all(
      workers.map(async (worker) => {
        const { code, output, errors } = await martlet('run', worker, '--once', ...data)
        t.equal(code, 0, errors)
        t.equal(output.match(/complete in/g)?.length, DEVICES, output)
      }),
    )
    const { output } = await martlet('run', 'census', '--once', '--json', '--device', 'd2', ...data)
    const last: unknown = JSON.parse(output.trim().split('\n').at(-1) ?? '')
    t.match(last, { kind: 'report', device: 'd2', report: { worker: 'census', ended: 'complete' } })
  })

  await t.test('a worker or a device that does not exist is named', async (t) => {
    const unknown = await martlet('run', 'gardener', '--once', ...data)
    t.equal(unknown.code, 1)
    t.match(unknown.errors, /has no worker gardener; it has updater/)
    const nowhere = await martlet('run', 'updater', '--once', '--device', 'd9', ...data)
    t.equal(nowhere.code, 1)
    t.match(nowhere.errors, /no device d9/)
  })

  await t.test('one page says how the cluster is, in words and as JSON', async (t) => {
    const page = await martlet('status', ...data)
    t.equal(page.code, 0, page.errors)
    for (const title of ['COPIES', 'DEVICES', 'QUEUES', 'WORKERS', 'RINGS']) t.match(page.output, title)
    t.match(page.output, /4 of 4 devices on 1 hosts answer/)
    const status = await statusOf(cluster.dataPath)
    t.equal(status.devices.length, DEVICES)
    t.match(status.copies, [{ policy: 0, partitions: 1024, uncounted: 0 }])
    t.ok((status.copies[0]?.records ?? 0) >= 20)
    t.ok(status.rings.every(({ versions }) => versions.length === 1))
    t.ok(status.workers.some(({ name }) => name === 'updater'))
  })

  await t.test('a pause is seen by everybody, and ends when it is told to', async (t) => {
    const paused = await martlet(
      'pause',
      'updater',
      '--for',
      '2h',
      '--device',
      'd1',
      '--device',
      'd3',
      ...data,
    )
    t.equal(paused.code, 0, paused.errors)
    t.ok((await statusOf(cluster.dataPath)).problems.includes('updater is paused on 2 devices'))
    const resumed = await martlet('resume', 'updater', ...data)
    t.equal(resumed.code, 0, resumed.errors)
    const { workers } = await statusOf(cluster.dataPath)
    t.match(
      workers.find(({ name }) => name === 'updater'),
      { states: { paused: 0 } },
    )
    t.equal((await martlet('pause', 'updater', '--for', 'ever', ...data)).code, 1)
  })

  await t.test('names are found on their primaries, and nowhere else', async (t) => {
    for (const name of [['AUTH_test'], ['AUTH_test', 'kept'], ['AUTH_test', 'kept', 'o7']]) {
      const { code, output, errors } = await martlet('locate', ...name, '--json', ...data)
      t.equal(code, 0, `${output}${errors}`)
      const { places } = JSON.parse(output) as Location
      t.same(
        places.map(({ role, state }) => `${role} ${state}`),
        ['primary there', 'primary there', 'primary there', 'handoff missing'],
      )
    }
    const page = await martlet('locate', 'AUTH_test', 'kept', 'o7', ...data)
    t.match(page.output, /all primaries hold the same/)
    const nobody = await martlet('locate', 'AUTH_test', 'kept', 'never', ...data)
    t.equal(nobody.code, 1)
    t.match(nobody.output, /nobody has it/)
  })

  await t.test('files say what they are, and whether they are whole', async (t) => {
    const file = await dataFileOf(cluster.dataPath, 'o7')
    const whole = await martlet('inspect', file)
    t.equal(whole.code, 0, whole.output)
    t.match(whole.output, /object data[\s\S]*etag[\s\S]*whole/)
    const ring = await martlet('inspect', join(cluster.dataPath, 'rings/object.ring.gz'))
    t.match(ring.output, /part power {2}10[\s\S]*d4, weight 100/)
    const secret = JSON.parse(await readFile(join(cluster.dataPath, 'cluster.json'), 'utf8')) as {
      readonly nodeSecret: string
    }
    const identity = await martlet('inspect', join(cluster.dataPath, 'cluster.json'))
    t.match(identity.output, /cluster file[\s\S]*fingerprint/)
    t.notOk(identity.output.includes(secret.nodeSecret), 'secrets are not shown')
    const taken = await martlet('inspect', join(cluster.dataPath, 'devices/d1/index'))
    t.equal(taken.code, 1)
    t.match(taken.output, /a process has it open/)
    t.equal((await martlet('inspect', import.meta.filename)).code, 1)
  })

  await t.test('a file whose bytes have changed is not whole', async (t) => {
    const file = await dataFileOf(cluster.dataPath, 'o8')
    const copy = join(temporaryDirectory(t), file.slice(file.lastIndexOf('/') + 1))
    await cp(file, copy, { preserveTimestamps: true })
    const attribute = await command('sh', ['-c', 'cp --preserve=xattr "$0" "$1"', file, copy])
    t.equal(attribute.code, 0, attribute.errors)
    t.equal((await martlet('inspect', copy)).code, 0)
    const bytes = await readFile(copy)
    bytes[0] = (bytes[0] ?? 0) ^ 1
    await writeFile(copy, bytes, { flag: 'r+' })
    const { code, output } = await martlet('inspect', copy)
    t.equal(code, 1)
    t.match(output, /block 0 does not match its CRC/)
  })

  await t.test('a sample of copies is written and found', async (t) => {
    t.match((await martlet('dispersion', 'report', ...data)).errors, /Has dispersion populate been run/)
    const first = await martlet('dispersion', 'populate', '--coverage', '2', ...data)
    t.equal(first.code, 0, first.errors)
    t.match(first.output, /Created 20 containers[\s\S]*Created 20 objects/)
    const again = await martlet('dispersion', 'populate', '--coverage', '2', ...data)
    t.match(again.output, /Created 0 containers[\s\S]*Created 0 objects/)
    const report = await martlet('dispersion', 'report', ...data)
    t.equal(report.code, 0, report.errors)
    t.match(report.output, '100.00% of object copies found (60 of 60)')
    const { output } = await martlet('dispersion', 'report', '--json', ...data)
    const all = {
      copies_found: 20 * REPLICAS,
      copies_expected: 20 * REPLICAS,
      pct_found: 100,
      overlapping: 0,
    }
    t.match(JSON.parse(output), { container: all, object: all })
  })

  await t.test('the recon tool of OpenStack Swift reads our devices', async (t) => {
    await readWithSwiftRecon(t, cluster)
  })

  await load.stop()
  t.ok(load.requests > 50, `${load.requests} requests meanwhile`)
  t.same(load.failures, [], 'no client noticed')
})

/** Files, and directories of LevelDB as one. */
async function* filesAndStores(directory: string): AsyncGenerator<string> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (!entry.isDirectory() || (await isLevel(path))) yield path
    else yield* filesAndStores(path)
  }
}

async function readWithSwiftRecon(t: Test, cluster: RunningCluster): Promise<void> {
  const directory = temporaryDirectory(t)
  const rings = join(cluster.dataPath, 'rings')
  for (const ring of ['account', 'container', 'object']) {
    await copyFile(join(rings, `${ring}.ring.gz`), join(directory, `${ring}.ring.gz`))
  }
  await writeFile(join(directory, 'swift.conf'), '[swift-hash]\nswift_hash_path_suffix = none\n')
  const checks = ['--md5', '--async', '--updater', '--replication', '--quarantined', '--unmounted']
  const others = ['--loadstats', '--sockstat', '--driveaudit', '--swift-versions', '--validate-servers']
  for (const server of ['object', 'container', 'account']) {
    const args = [server, ...checks, ...others, '--swiftdir', directory]
    const { code, output, errors } = await command('swift-recon', args)
    if (code === -1) return t.comment('swift-recon is not installed')
    t.equal(code, 0, errors)
    // The md5 of Swift's own configuration file goes with that of the rings; we have no such file.
    t.match(output, '4/4 hosts matched, 0 error[s] while checking hosts.')
    t.match(output, `Validating server type '${server}' on 4 hosts...\n4/4 hosts ok`)
    t.match(output, /\[quarantined_objects\] low: 0, high: 0/)
    t.match(output, 'Versions matched')
  }
}

t.test('an operator finds out what is wrong, and works without the owners', async (t) => {
  // Nobody repairs what is being counted.
  const off = '[workers]\noff = ["replicator", "auditor", "quick-auditor"]\n'
  const before = await startCluster(t, { config: off })
  const { dataPath } = before
  const names = await putObjects(before, 30)
  await until(t, 'all copies are counted', async () => {
    await martlet('run', 'census', '--once', '--data', dataPath)
    return (await statusOf(dataPath)).copies[0]?.records === names.length
  })
  const short = recordsOn(await statusOf(dataPath), 'd2')
  await martlet('pause', 'updater', '--data', dataPath)
  await before.stop()

  await t.test('without its processes the cluster says so', async (t) => {
    const { devices, problems } = await statusOf(dataPath)
    t.same(
      devices.map(({ problem }) => problem),
      Array.from({ length: DEVICES }, () => 'not running'),
    )
    t.ok(problems.length >= DEVICES)
  })

  await t.test('a device that nobody owns is taken for a pass', async (t) => {
    const { code, output, errors } = await martlet('run', 'updater', '--once', '--data', dataPath)
    t.equal(code, 0, errors)
    t.match(errors, /no process owns d1; it is taken for this pass/)
    t.equal(output.match(/complete in/g)?.length, DEVICES)
  })

  await t.test('the stores of a device that nobody owns can be looked into', async (t) => {
    const index = await martlet('inspect', join(dataPath, 'devices/d1/index'))
    t.equal(index.code, 0)
    t.match(index.output, /object index[\s\S]*objects and tombstones +\d+ keys/)
    t.equal((await martlet('inspect', join(dataPath, 'devices/d1/containers'))).code, 0)
    t.equal((await martlet('inspect', join(dataPath, 'devices/d1/paused-workers.json'))).code, 0)
  })

  await t.test('every file that a cluster writes says what it is, and is whole', async (t) => {
    const [told, unknown] = [new Set<string>(), [] as string[]]
    for await (const path of filesAndStores(dataPath)) {
      const found = await inspected(path)
      if (typeof found === 'string') unknown.push(found)
      else if (found.problems.length > 0) unknown.push(`${path}: ${found.what}, ${found.problems.join()}`)
      else told.add(found.what)
    }
    t.same(unknown, [])
    for (const what of [
      'object data',
      'object index',
      'index of accounts or containers',
      'state of a device',
    ])
      t.ok(told.has(what), what)
    t.ok(told.size >= 9, [...told].join('; '))
  })

  await rm(join(dataPath, 'devices/d2'), { recursive: true })
  const after = await startCluster(t, { config: off, dataPath })

  await t.test('a lost device leaves its objects a copy short: all of them are counted', async (t) => {
    // What was put a moment ago is not judged yet.
    await until(
      t,
      `${short} objects are a copy short`,
      async () => {
        await martlet('run', 'census', '--once', '--data', dataPath)
        return (await statusOf(dataPath)).copies[0]?.objects === short
      },
      60_000,
    )
    const { copies, problems } = await statusOf(dataPath)
    t.match(copies, [{ missingCopies: short, lastCopies: 0, uncounted: 0, records: names.length }])
    t.ok(problems.some((problem) => problem.includes(`${short} objects have fewer good copies`)))
    t.ok(problems.some((problem) => problem.includes('d2 is joining')))
  })

  await t.test('a pause outlives its process', async (t) => {
    const { workers } = await statusOf(dataPath)
    t.match(
      workers.find(({ name }) => name === 'updater'),
      { states: { paused: DEVICES - 1 } },
    )
  })

  await after.stop()
  await startCluster(t, { dataPath })

  await t.test('with its workers the cluster makes itself whole again, and says so', async (t) => {
    const isWhole = async (): Promise<boolean> => {
      for (const worker of ['replicator', 'database-replicator', 'census']) {
        await martlet('run', worker, '--once', '--data', dataPath)
      }
      const { copies, problems } = await statusOf(dataPath)
      return copies[0]?.objects === 0 && !problems.some((problem) => problem.includes('joining'))
    }
    await until(t, 'no copy is missing, and every replica votes', isWhole, 120_000)
    const { copies } = await statusOf(dataPath)
    t.match(copies, [{ objects: 0, records: names.length, uncounted: 0 }])
  })
})
