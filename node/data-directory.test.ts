import t from 'tap'
import { DataDirectory, type Unusable } from './data-directory.ts'
import { MemoryMachine } from './testing/memory-machine.ts'

const PATH = '/srv/martlet'

function opened(directory: DataDirectory | Unusable): DataDirectory {
  if (directory instanceof DataDirectory) return directory
  throw new Error(directory.failed)
}

const open = (machine: MemoryMachine): Promise<DataDirectory | Unusable> =>
  DataDirectory.open(machine.environment(), PATH, 42)

t.test('a cluster keeps its identity across starts', async (t) => {
  const machine = new MemoryMachine()
  const first = opened(await open(machine))
  t.equal(first.cluster.age, 'new')
  t.match(first.cluster.nodeSecret, /^[0-9a-f]{64}$/)
  await first.close()
  const second = opened(await open(machine))
  t.same(second.cluster, first.cluster)
  await second.close()
})

t.test('two clusters have nothing in common', async (t) => {
  const [left, right] = [new MemoryMachine(), new MemoryMachine()]
  right.environment().random.bytes(7)
  const [one, other] = [opened(await open(left)).cluster, opened(await open(right)).cluster]
  t.not(one.id, other.id)
  t.not(one.nodeSecret, other.nodeSecret)
  t.not(one.salt.prefix, other.salt.prefix)
  t.not(one.tokenKeys[0]?.secret, other.tokenKeys[0]?.secret)
})

t.test('whoever has the directory keeps it', async (t) => {
  const machine = new MemoryMachine()
  const first = opened(await open(machine))
  t.match(await open(machine), { failed: /another Martlet is running on \/srv\/martlet/ })
  t.match(await DataDirectory.whyTaken(machine.environment(), PATH), /another Martlet/)
  await first.close()
  t.equal(await DataDirectory.whyTaken(machine.environment(), PATH), undefined)
  await opened(await open(machine)).close()
})

t.test('a cluster that has grown does not become new again', async (t) => {
  const machine = new MemoryMachine()
  const first = opened(await open(machine))
  await first.markGrown()
  await machine.crash()
  t.equal(opened(await open(machine)).cluster.age, 'grown')
})

t.test('users for development that were dropped do not come back', async (t) => {
  const machine = new MemoryMachine()
  const first = opened(await open(machine))
  t.equal(first.cluster.developmentUsers, undefined)
  await first.dropDevelopmentUsers()
  await machine.crash()
  const second = opened(await open(machine))
  t.equal(second.cluster.developmentUsers, 'none')
  await second.markGrown()
  t.equal(second.cluster.developmentUsers, 'none')
})

t.test(
  'after a crash at any point of the first start there is one cluster or none, and a start works',
  async (t) => {
    const whole = new MemoryMachine()
    await opened(await open(whole)).close()
    for (let point = 0; point <= whole.disk.changes; point += 1) {
      const machine = new MemoryMachine()
      machine.disk.stopAfter(point)
      await open(machine)
      await machine.crash()
      const directory = await open(machine)
      if (!(directory instanceof DataDirectory)) t.fail(`after ${point} changes: ${directory.failed}`)
    }
  },
)

t.test('secrets that were acknowledged survive a crash', async (t) => {
  const machine = new MemoryMachine()
  const { cluster } = opened(await open(machine))
  await machine.crash()
  t.same(opened(await open(machine)).cluster, cluster)
})

t.test('a directory that holds something else is left alone', async (t) => {
  const machine = new MemoryMachine()
  const { disk } = machine.environment()
  await disk.mkdir(`${PATH}/photos`, { recursive: true })
  t.match(await open(machine), { failed: /photos/ })
  t.same(await disk.readdir(PATH), ['photos'])
})

t.test('devices that hold data do not get a new cluster when the cluster file is gone', async (t) => {
  const machine = new MemoryMachine()
  await opened(await open(machine)).close()
  const { disk } = machine.environment()
  await disk.mkdir(`${PATH}/devices/d1/lost+found`, { recursive: true })
  await disk.unlink(`${PATH}/cluster.json`)
  await opened(await open(machine)).close()
  await disk.unlink(`${PATH}/cluster.json`)
  await disk.mkdir(`${PATH}/devices/d2/state`, { recursive: true })
  t.match(await open(machine), {
    failed: /cluster\.json is missing, but \/srv\/martlet\/devices\/d2 holds data/,
  })
  t.notOk((await disk.readdir(PATH)).includes('cluster.json'))
  t.match(await open(machine), { failed: /is missing/ }, 'and the directory is let go')
})

t.test('a disk that cannot be written is said in a sentence', async (t) => {
  const machine = new MemoryMachine()
  machine.disk.setSpace('read_only')
  t.same(await open(machine), { failed: '/srv/martlet cannot be written (EROFS)' })
})

t.test('a cluster file that cannot be understood is refused, and the directory let go', async (t) => {
  const machine = new MemoryMachine()
  await opened(await open(machine)).close()
  const { disk } = machine.environment()
  for (const text of ['', 'no JSON', '{}', '{"format":2}', '{"format":1,"salt":{}}']) {
    await disk.unlink(`${PATH}/cluster.json`)
    const file = await disk.createExclusive(`${PATH}/cluster.json`)
    await file.write(Buffer.from(text), 0)
    await file.close()
    t.match(await open(machine), { failed: /^\/srv\/martlet\/cluster\.json is / }, text)
  }
})
