import t, { type Test } from 'tap'
import { BLOCK_BYTES } from '#base/limits.ts'
import { METADATA_XATTR } from '#object-server/data-file.ts'
import { bodyOf, look, post, remove, second } from '#object-server/engine-contract.ts'
import { AUDITOR_NAMES } from './object-auditor.ts'
import { type AuditScene, auditScene, finished } from './test-audit.ts'

const NAME = '/a/c/o'

/** The file of an object, by its kind. */
function fileOf(scene: AuditScene, name = NAME, kind = 'data'): string {
  const hash = scene.engine.replica.hashOf(name)
  const path = scene.disk
    .files()
    .find((one) => one.includes(`/objects/${hash.slice(0, 2)}/${hash}`) && one.endsWith(kind))
  if (path === undefined) throw new Error(`no .${kind} file of ${name}`)
  return path
}

function quarantinedIn(scene: AuditScene): readonly string[] {
  return scene.disk.files().filter((path) => path.includes('/quarantined/'))
}

/** A few good objects around the one that will be bad. */
async function filled(options?: Parameters<typeof auditScene>[0]): Promise<AuditScene> {
  const scene = await auditScene(options)
  for (let at = 0; at < 5; at += 1) await scene.put(`/a/c/good-${at}`, `good ${at}`)
  await scene.put(NAME, 'hello, auditor')
  return scene
}

/** The bad copy was found, kept, never served in between, and is good again. */
async function healed(t: Test, scene: AuditScene, depth: 'quick' | 'full', found: string): Promise<void> {
  const report = await scene.audit(depth)
  t.equal(report.ended, 'complete')
  t.equal(report.found[found], 1, JSON.stringify(report))
  t.equal(report.repaired['healed'], 1, JSON.stringify(report))
  t.same(scene.asked, [{ policyIndex: 0, hash: scene.engine.replica.hashOf(NAME) }])
  t.equal(await bodyOf(scene.engine), 'hello, auditor')
  const again = await scene.audit(depth)
  t.match(again, { ended: 'complete', repaired: {}, waiting: {} })
  t.same(Object.keys(again.found), ['objects'], 'the next pass finds nothing')
}

t.test('a device in order is left alone, and every object is looked at', async (t) => {
  const scene = await filled()
  for (const depth of ['quick', 'full'] as const) {
    t.match(await scene.audit(depth), {
      worker: AUDITOR_NAMES[depth],
      ended: 'complete',
      found: { objects: 6 },
    })
  }
  t.same(scene.asked, [])
  t.same(quarantinedIn(scene), [])
})

t.test(
  'a flipped bit anywhere in a body is found by reading it, and the copy is fetched again',
  async (t) => {
    for (const [byte, bit] of [
      [0, 0],
      [7, 7],
      [13, 3],
    ] as const) {
      const scene = await filled()
      scene.disk.flipBit(fileOf(scene), byte, bit)
      await healed(t, scene, 'full', 'damaged_files')
      t.equal(quarantinedIn(scene).length, 1)
      const listed = await scene.engine.audit.quarantined(10)
      t.match(listed, [{ file: { hash: scene.engine.replica.hashOf(NAME), kind: 'data' }, sizeBytes: 14 }])
    }
  },
)

t.test('a flipped bit in any byte of the record is found without reading bodies', async (t) => {
  const scene = await filled()
  const mounted = scene.disk.remount()
  const path = fileOf(scene)
  const record = (await mounted.getXattr(path, METADATA_XATTR)) as Buffer
  for (let at = 0; at < record.length; at += 1) {
    const bad = Buffer.from(record)
    bad[at] = (bad[at] as number) ^ (1 << (at % 8))
    await mounted.setXattr(path, METADATA_XATTR, bad)
    t.match(await inspected(scene), [{ kind: 'damaged' }], `byte ${at}`)
  }
  await healed(t, scene, 'quick', 'damaged_files')
})

t.test('a flipped bit in any byte of a trailer is found', async (t) => {
  const scene = await filled({ xattrBytesMax: 0 })
  const bytes = (await scene.disk.remount().readFile(fileOf(scene))).length
  for (let at = 14; at < bytes; at += 1) {
    scene.disk.flipBit(fileOf(scene), at, at % 8)
    t.match(await inspected(scene), [{ kind: 'damaged' }], `byte ${at}`)
    scene.disk.flipBit(fileOf(scene), at, at % 8)
  }
  t.same(await inspected(scene), [])
  scene.disk.flipBit(fileOf(scene), 20)
  await healed(t, scene, 'quick', 'damaged_files')
})

t.test('a file that was cut or has grown is found', async (t) => {
  for (const change of ['cut', 'grown'] as const) {
    const scene = await filled()
    const path = fileOf(scene)
    const mounted = scene.disk.remount()
    const bytes = await mounted.readFile(path)
    const record = (await mounted.getXattr(path, METADATA_XATTR)) as Buffer
    scene.disk.lose(path)
    const file = await mounted.createExclusive(path)
    await file.write(change === 'cut' ? bytes.subarray(0, -1) : Buffer.concat([bytes, bytes]), 0)
    await file.close()
    await mounted.setXattr(path, METADATA_XATTR, record)
    await healed(t, scene, 'quick', 'damaged_files')
  }
})

t.test('files that changed places are both found', async (t) => {
  const scene = await filled()
  const other = '/a/c/good-1'
  const mounted = scene.disk.remount()
  const [one, two] = [fileOf(scene), fileOf(scene, other)]
  await mounted.rename(one, `${one}.swap`)
  await mounted.rename(two, one)
  await mounted.rename(`${one}.swap`, two)
  const report = await scene.audit('quick')
  t.match(report, { found: { damaged_files: 2 }, repaired: { healed: 2 } })
  t.equal(await bodyOf(scene.engine), 'hello, auditor')
  t.equal(await bodyOf(scene.engine, other), 'good 1')
})

t.test('a file that is gone is fetched again, and its silence proves nothing meanwhile', async (t) => {
  const scene = await filled()
  scene.disk.lose(fileOf(scene))
  scene.goodCopies.clear()
  t.match(await scene.audit('quick'), { found: { missing_files: 1 }, waiting: { nobody_has_it: 1 } })
  t.equal((await look(scene.engine)).kind, 'quarantined')
  await scene.put('/a/c/later', 'x')
  scene.goodCopies.set(scene.engine.replica.hashOf(NAME), () => scene.put(NAME, 'hello, auditor'))
  t.match(await scene.audit('quick'), { found: { lost: 1 }, repaired: { healed: 1 } })
  t.equal(await bodyOf(scene.engine), 'hello, auditor')
})

t.test('what a POST said is written again from the index', async (t) => {
  for (const damage of ['flip', 'lose'] as const) {
    const scene = await filled()
    await post(scene.engine, second(5), { 'x-object-meta-colour': 'blue' })
    const path = fileOf(scene, NAME, 'meta')
    if (damage === 'flip') scene.disk.flipBit(path, 9)
    else scene.disk.lose(path)
    t.match(await scene.audit('quick'), { repaired: { restored: 1 } })
    t.same(scene.asked, [], 'nobody has to be asked')
    t.match(await look(scene.engine), { object: { headers: { 'x-object-meta-colour': 'blue' } } })
    t.same((await scene.audit('quick')).repaired, {})
  }
})

t.test('a damaged tombstone is asked for again', async (t) => {
  const scene = await filled()
  await remove(scene.engine, second(5))
  scene.disk.flipBit(fileOf(scene, NAME, 'ts'), 9)
  const again = async (): Promise<unknown> =>
    scene.engine.replica.merge({ kind: 'tombstone', name: NAME, timestamp: second(5) })
  scene.goodCopies.set(scene.engine.replica.hashOf(NAME), again)
  t.match(await scene.audit('quick'), { found: { damaged_files: 1 }, repaired: { healed: 1 } })
  t.same(await look(scene.engine), { kind: 'deleted', timestamp: second(5) })
})

t.test('a file that the index does not know is taken in when it is young', async (t) => {
  const scene = await filled()
  const source = await auditScene()
  await source.put('/a/c/unknown', 'a stranger')
  await copyFile(source, scene, '/a/c/unknown')
  t.match(await scene.audit('quick'), { found: { unknown_files: 1 }, repaired: { adopted: 1 } })
  t.equal(await bodyOf(scene.engine, '/a/c/unknown'), 'a stranger')
  const queued = await scene.engine.updates.list(10)
  t.equal(queued.length, 1, 'its container is told')
})

t.test('a file that the index does not know, older than tombstones are kept, is never served', async (t) => {
  const scene = await filled()
  const source = await auditScene()
  await source.put('/a/c/unknown', 'back from the dead', -30 * 24 * 3600)
  await copyFile(source, scene, '/a/c/unknown')
  const report = await scene.audit('quick')
  t.match(report, { found: { unknown_files: 1 }, waiting: { nobody_has_it: 1 } })
  t.equal((await look(scene.engine, second(1000), '/a/c/unknown')).kind, 'missing')
  t.equal(quarantinedIn(scene).length, 1)
})

t.test('how long tombstones are kept is for the device to say', async (t) => {
  const hours = (count: number): number => count * 3600
  for (const [reclaimAge, outcome] of [
    [hours(1), 'missing'],
    [hours(100), 'found'],
  ] as const) {
    const scene = await auditScene(undefined, reclaimAge)
    const source = await auditScene()
    await source.put('/a/c/unknown', 'two days before', hours(-20))
    await copyFile(source, scene, '/a/c/unknown')
    await scene.audit('quick')
    t.equal((await look(scene.engine, second(1000), '/a/c/unknown')).kind, outcome)
  }
})

t.test('an obsolete file that was left over is removed', async (t) => {
  const scene = await filled()
  const path = fileOf(scene)
  const source = await auditScene()
  await source.put(NAME, 'hello, auditor')
  await scene.put(NAME, 'newer', 9)
  await copyFile(source, scene, NAME)
  t.ok(scene.disk.files().includes(path))
  t.match(await scene.audit('quick'), { repaired: { leftover_files: 1 } })
  t.notOk(scene.disk.files().includes(path))
  t.equal(await bodyOf(scene.engine), 'newer')
})

t.test('a file in the wrong directory, and one of no object, change nothing', async (t) => {
  const scene = await filled()
  const mounted = scene.disk.remount()
  const path = fileOf(scene)
  const leaf = path.split('/').at(-2) === '00' ? '01' : '00'
  await mounted.mkdir(`/sda/objects/${leaf}`).catch(() => {})
  await copyFile(scene, scene, NAME, `/sda/objects/${leaf}/${path.split('/').at(-1)}`)
  await (await mounted.createExclusive(`/sda/objects/${leaf}/README`)).close()
  t.match(await scene.audit('quick'), { found: { unknown_files: 1, foreign_files: 1 } })
  t.equal(await bodyOf(scene.engine), 'hello, auditor')
})

t.test('an entry that is gone from the index is made again from its file', async (t) => {
  const scene = await filled()
  const hash = scene.engine.replica.hashOf(NAME)
  await scene.index.del(Buffer.concat([Buffer.from('o'), Buffer.from(hash, 'hex')]))
  const report = await scene.audit('quick')
  t.match(report, { found: { unknown_files: 1, wrong_digests: 1 }, repaired: { adopted: 1, digests: 1 } })
  t.equal(await bodyOf(scene.engine), 'hello, auditor')
  const last = await scene.audit('quick')
  t.same(last.repaired, {})
})

t.test('a wrong digest is corrected, whatever is written meanwhile', async (t) => {
  const scene = await filled()
  const before = scene.engine.digestBelow('')
  const prefix = scene.engine.replica.hashOf(NAME).slice(0, 4)
  await scene.engine.audit.checkDigest(prefix, 'correct')
  t.same(scene.engine.digestBelow(''), before, 'a right one is left alone')
  const writes = Promise.all(Array.from({ length: 20 }, (_, at) => scene.put(NAME, `version ${at}`, 10 + at)))
  t.equal(await scene.engine.audit.checkDigest(prefix, 'correct'), 'right')
  await writes
  const other = await auditScene()
  for (let at = 0; at < 5; at += 1) await other.put(`/a/c/good-${at}`, `good ${at}`)
  await other.put(NAME, 'version 19', 29)
  t.same(scene.engine.digestBelow(''), other.engine.digestBelow(''))
})

t.test('sectors that cannot be read cost a copy, but not a whole disk', async (t) => {
  const scene = await filled()
  const name = fileOf(scene).split('/').at(-1) as string
  scene.disk.addFault({ operation: 'read', path: name, effect: 'EIO' })
  const report = await scene.audit('full')
  t.equal(report.found['unreadable_files'], 1)
  t.equal(scene.asked.length, 1)
  scene.disk.clearFaults()
})

t.test(
  'a record that could not be read once costs nothing, nor a body because of its metadata',
  async (t) => {
    const scene = await filled()
    const name = fileOf(scene).split('/').at(-1) as string
    scene.disk.addFault({ operation: 'openRead', path: name, effect: 'EIO', times: 1 })
    const report = await scene.audit('quick')
    t.equal(report.found['unreadable_files'], undefined)
    t.same(scene.asked, [])
    await post(scene.engine, second(5), { 'x-object-meta-colour': 'blue' })
    scene.disk.addFault({ operation: 'readFile', path: '.meta', effect: 'EIO' })
    const metadata = await scene.audit('quick')
    t.ok((metadata.found['unreadable_files'] ?? 0) > 0)
    t.same(scene.asked, [])
    scene.disk.clearFaults()
  },
)

t.test('a pass that is stopped goes on where it was, in another process too', async (t) => {
  const scene = await auditScene()
  const names = Array.from({ length: 40 }, (_, at) => `/a/c/${at}`)
  for (const name of names) await scene.put(name, name)
  const stop = new AbortController()
  let looked = 0
  const inner = scene.engine.audit
  const access = {
    ...bound(inner),
    inspect: (object: Parameters<typeof inner.inspect>[0]) => {
      looked += 1
      if (looked === 15) stop.abort(new Error('stop'))
      return inner.inspect(object)
    },
  }
  const policies = [{ policyIndex: 0, access }]
  const first = scene.auditor('quick', { policies })
  t.equal(
    (await finished(scene.clock, first.runOnce({ pace: 'full', signal: stop.signal }))).ended,
    'stopped',
  )
  t.equal(looked, 15)
  t.equal(first.pauseMs(), 60_000, 'it goes on soon')
  const successor = scene.auditor('quick', { policies, everyMs: 3_600_000 })
  const report = await finished(
    scene.clock,
    successor.runOnce({ pace: 'full', signal: new AbortController().signal }),
  )
  t.equal(report.ended, 'complete')
  t.ok(looked >= 40 && looked <= 40 + 5, `at most one leaf is looked at again: ${looked}`)
  t.ok(successor.pauseMs() > 3_590_000 && successor.pauseMs() <= 3_600_000)
  t.match(scene.notes.get('audit/quick-auditor'), { version: 1, position: undefined })
})

t.test('rates hold: so many files, so many bytes a second', async (t) => {
  const scene = await auditScene()
  for (let at = 0; at < 20; at += 1) await scene.put(`/a/c/${at}`, Buffer.alloc(10_000, at))
  const seconds = async (rates: object): Promise<number> => {
    const startedMs = scene.clock.monotonicMs()
    const signal = new AbortController().signal
    await finished(scene.clock, scene.auditor('full', rates).runOnce({ pace: 'gentle', signal }))
    return (scene.clock.monotonicMs() - startedMs) / 1000
  }
  const near = (measured: number, expected: number): boolean => Math.abs(measured - expected) < 2
  const byFiles = await seconds({ filesPerSecond: 1 })
  t.ok(near(byFiles, 19), `20 files at one a second: ${byFiles} s`)
  const atLeisure = await seconds({ filesPerSecond: 50, everyMs: 7 * 86_400_000 })
  t.ok(atLeisure > 2, `20 files that have a week: ${atLeisure} s`)
  const inHaste = await seconds({ filesPerSecond: 50, everyMs: 4000 })
  t.ok(inHaste < 1, `20 files that have 0.4 s: ${inHaste} s`)
  const byBytes = await seconds({ bytesPerSecond: 20_000 })
  t.ok(near(byBytes, 9), `200,000 bytes at 20,000 a second: ${byBytes} s`)
})

t.test('a body of many blocks is read in slices, each counted', async (t) => {
  const scene = await auditScene()
  const body = Buffer.alloc(19 * BLOCK_BYTES + 5, 'x')
  await scene.put(NAME, body)
  t.equal((await scene.audit('full')).found['damaged_files'], undefined)
  scene.disk.flipBit(fileOf(scene), 18 * BLOCK_BYTES + 3)
  t.match(await scene.audit('full'), { found: { damaged_files: 1 }, repaired: { healed: 1 } })
})

t.test('an object that is replaced while it is read is not taken for a bad one', async (t) => {
  const scene = await filled()
  const checker = {
    ...scene.checker,
    check: async (job: Parameters<typeof scene.checker.check>[0]) => {
      await scene.put(
        NAME,
        `version at ${scene.clock.monotonicMs()}`,
        Math.floor(scene.clock.monotonicMs()) + 50,
      )
      return scene.checker.check(job)
    },
  }
  const report = await scene.audit('full', { checker })
  t.same(report.repaired, {})
  t.same(scene.asked, [])
  t.same(quarantinedIn(scene), [])
})

/** What the files of the object tell, without a whole pass. */
async function inspected(scene: AuditScene): Promise<unknown> {
  const { audit, replica } = scene.engine
  const entry = await audit.entry(replica.hashOf(NAME))
  return 'kind' in entry ? entry : await audit.inspect(entry)
}

function bound<Methods extends object>(object: Methods): Methods {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(object)) as (keyof Methods)[]
  return Object.fromEntries(
    names
      .filter((name) => typeof object[name] === 'function')
      .map((name) => [name, (object[name] as (...given: unknown[]) => unknown).bind(object)]),
  ) as unknown as Methods
}

/** Puts a copy of an object's file behind the engine's back. */
async function copyFile(
  source: AuditScene,
  target: AuditScene,
  name: string,
  path = fileOf(source, name),
): Promise<void> {
  const [from, to] = [source.disk.remount(), target.disk.remount()]
  const bytes = await from.readFile(fileOf(source, name))
  const record = (await from.getXattr(fileOf(source, name), METADATA_XATTR)) as Buffer
  await to.mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true })
  const file = await to.createExclusive(path)
  await file.write(bytes, 0)
  await file.close()
  await to.setXattr(path, METADATA_XATTR, record)
}
