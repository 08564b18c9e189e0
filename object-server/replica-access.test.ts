/** What replication does to an engine: joining what another replica knows, forgetting, also with the power cut at any step. */
import t from 'tap'
import { SeededRandom } from '#base/virtual-clock.ts'
import { bodyOf, look, NAME, putObject, remove, second } from './engine-contract.ts'
import { comparedText } from './object-state.ts'
import type { ReplicaAccess } from './replica-access.ts'
import { newMachine, startEngine } from './test-engine.ts'

async function textOf(replica: ReplicaAccess): Promise<string> {
  const stated = await replica.states([replica.hashOf(NAME)])
  const [only] = 'kind' in stated ? [] : stated
  return only === undefined ? '' : comparedText(only.state)
}

async function filesBelow(machine: ReturnType<typeof newMachine>, directory: string): Promise<string[]> {
  const disk = machine.disk.remount()
  const found: string[] = []
  for (const leaf of await disk.readdir(directory).catch(() => [])) {
    const names = await disk.readdir(`${directory}/${leaf}`).catch(() => [leaf])
    found.push(...names)
  }
  return found
}

t.test('a tombstone and metadata of another replica are joined with what is here', async (t) => {
  const { engine } = await startEngine()
  await putObject(engine, second(1), 'x', { headers: { 'x-object-meta-a': '1' } })
  const meta = {
    kind: 'meta' as const,
    meta: { name: NAME, timestamp: second(3), headers: { 'x-object-meta-b': '2' }, contentType: undefined },
  }
  t.same(await engine.replica.merge(meta), { kind: 'changed' })
  t.same(await engine.replica.merge(meta), { kind: 'known' })
  t.match(await look(engine), { object: { timestamp: second(3), headers: { 'x-object-meta-b': '2' } } })
  const tombstone = { kind: 'tombstone' as const, name: NAME, timestamp: second(2) }
  t.same(await engine.replica.merge(tombstone), { kind: 'changed' })
  t.same(await look(engine), { kind: 'deleted', timestamp: second(2) })
  t.same(await engine.replica.merge({ ...tombstone, timestamp: second(1) }), { kind: 'known' })
  const rows = await engine.updates.list(10)
  t.same(
    rows.map(({ method, timestamp, targets }) => [method, timestamp, targets]),
    [
      ['DELETE', second(2), []],
      ['PUT', second(3), []],
    ],
    'whoever took the requests may have lost their rows',
  )
  await engine.close()
})

t.test('content types of two POSTs are joined, whichever comes first', async (t) => {
  const first = { value: 'type/5', timestamp: second(5) }
  const both = [
    { name: NAME, timestamp: second(5), headers: { 'x-object-meta-a': '5' }, contentType: first },
    { name: NAME, timestamp: second(7), headers: { 'x-object-meta-a': '7' }, contentType: undefined },
  ]
  const texts: string[] = []
  for (const order of [both, both.toReversed()]) {
    const { engine } = await startEngine()
    await putObject(engine, second(1), 'x')
    for (const meta of order) await engine.replica.merge({ kind: 'meta', meta })
    t.match(await look(engine), { object: { contentType: 'type/5', headers: { 'x-object-meta-a': '7' } } })
    texts.push(await textOf(engine.replica))
    await engine.close()
  }
  t.equal(texts[0], texts[1])
})

t.test('what is known of an object is read with its tombstone and its metadata', async (t) => {
  const { engine } = await startEngine()
  const hash = engine.replica.hashOf(NAME)
  await putObject(engine, second(1), 'x')
  t.match(await engine.replica.knowledge(hash), { data: { name: NAME, sizeBytes: 1 }, small: [] })
  await remove(engine, second(2))
  const known = await engine.replica.knowledge(hash)
  t.match(known, { small: [{ kind: 'tombstone', name: NAME, timestamp: second(2) }] })
  await engine.close()
})

t.test('an object is forgotten without a trace, unless it changed meanwhile', async (t) => {
  const machine = newMachine()
  const { engine } = await startEngine(machine)
  await putObject(engine, second(1), 'x')
  const hash = engine.replica.hashOf(NAME)
  const old = await textOf(engine.replica)
  await putObject(engine, second(2), 'y')
  t.same(await engine.replica.forget(hash, old, 'remove'), { kind: 'changed_meanwhile' })
  t.equal(await bodyOf(engine), 'y')
  t.same(await engine.replica.forget(hash, await textOf(engine.replica), 'remove'), { kind: 'forgotten' })
  t.same(await look(engine), { kind: 'missing' })
  t.equal(engine.digestBelow('').count, 0)
  await engine.close()
  t.same(await filesBelow(machine, '/sda/objects'), [])
  const again = await startEngine(machine)
  t.equal(again.report.kind, 'clean')
  t.same(await look(again.engine), { kind: 'missing' })
  await again.engine.close()
})

t.test('nothing older comes back in the place of what was forgotten', async (t) => {
  const machine = newMachine()
  const { engine } = await startEngine(machine)
  await putObject(engine, second(1), 'deleted long ago')
  machine.disk.addFault({ operation: 'unlink', path: '.data', effect: 'EMFILE', times: 1 })
  await remove(engine, second(2))
  t.equal((await filesBelow(machine, '/sda/objects')).length, 2, 'the old file could not be removed')
  const hash = engine.replica.hashOf(NAME)
  t.same(await engine.replica.forget(hash, await textOf(engine.replica), 'remove'), { kind: 'forgotten' })
  machine.disk.crash(new SeededRandom(1))
  await machine.kv.crash('kept')
  const again = await startEngine(machine)
  t.same(await look(again.engine), { kind: 'missing' })
  t.same(await filesBelow(machine, '/sda/objects'), [])
  await again.engine.close()
})

t.test(
  'nor what a killed process had removed, when power fails after its successor has started',
  async (t) => {
    for (let seed = 0; seed < 8; seed += 1) {
      const machine = newMachine()
      const { engine } = await startEngine(machine)
      await putObject(engine, second(1), 'deleted long ago')
      await remove(engine, second(2))
      machine.disk.kill()
      await machine.kv.crash('kept')
      await startEngine(machine)
      machine.disk.crash(new SeededRandom(seed))
      await machine.kv.crash('lost')
      const { engine: third } = await startEngine(machine)
      const hash = third.replica.hashOf(NAME)
      t.same(await third.replica.forget(hash, await textOf(third.replica), 'remove'), { kind: 'forgotten' })
      machine.disk.kill()
      await machine.kv.crash('kept')
      const last = await startEngine(machine)
      t.same(await look(last.engine), { kind: 'missing' }, `seed ${seed}`)
      t.same(await filesBelow(machine, '/sda/objects'), [])
      await last.engine.close()
    }
  },
)

t.test('power that fails while an object is forgotten brings back no version before it', async (t) => {
  for (let at = 0; at < 10; at += 1) {
    for (const unsynced of ['lost', 'kept'] as const) {
      for (let seed = 0; seed < 4; seed += 1) {
        const machine = newMachine()
        const { engine } = await startEngine(machine)
        await putObject(engine, second(1), 'old')
        await putObject(engine, second(2), 'new')
        const text = await textOf(engine.replica)
        machine.disk.stopAfter(at)
        await engine.replica.forget(engine.replica.hashOf(NAME), text, 'remove')
        machine.disk.crash(new SeededRandom(seed))
        await machine.kv.crash(unsynced)
        const again = await startEngine(machine)
        t.match(await bodyOf(again.engine), /^(new|missing)$/, `after ${at} operations, seed ${seed}`)
        await again.engine.close()
      }
    }
  }
})

t.test('what is set aside is kept, and does not count as lost', async (t) => {
  const machine = newMachine()
  const { engine } = await startEngine(machine)
  await putObject(engine, second(1), 'x')
  const hash = engine.replica.hashOf(NAME)
  const text = await textOf(engine.replica)
  t.same(await engine.replica.forget(hash, text, 'quarantine'), { kind: 'forgotten' })
  t.same(await look(engine), { kind: 'missing' })
  await engine.close()
  const kept = await machine.disk.remount().readdir('/sda/quarantined/objects')
  t.same(kept, [`${hash}_${second(1)}.data`])
})

t.test('power that fails while an object is forgotten leaves it as it was, or gone', async (t) => {
  for (let at = 0; at < 8; at += 1) {
    for (const unsynced of ['lost', 'kept'] as const) {
      const machine = newMachine()
      const { engine } = await startEngine(machine)
      await putObject(engine, second(1), 'x')
      const text = await textOf(engine.replica)
      machine.disk.stopAfter(at)
      const outcome = await engine.replica.forget(engine.replica.hashOf(NAME), text, 'remove')
      machine.disk.crash(new SeededRandom(at))
      await machine.kv.crash(unsynced)
      const again = await startEngine(machine)
      const found = await look(again.engine)
      if (outcome.kind === 'forgotten') t.same(found, { kind: 'missing' }, `gone after ${at} operations`)
      else t.ok(['found', 'missing'].includes(found.kind), `${found.kind} after ${at} operations`)
      if (found.kind === 'found') t.equal(await bodyOf(again.engine), 'x')
      await again.engine.close()
    }
  }
})
