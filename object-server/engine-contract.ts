/** What every `ObjectEngine` must do, as one suite: `memory-engine.test.ts`, `disk-engine.test.ts`. */
import { hash as digestOf } from 'node:crypto'
import type { Test } from 'tap'
import { FACT_PREFIX } from '#base/extensions.ts'
import { BLOCK_BYTES } from '#base/limits.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import type { ContainerUpdate } from './container-update.ts'
import type { Changed, CommitRequest, Lookup, ObjectEngine } from './engine.ts'
import type { PostedFields } from './meta-record.ts'

/** `1700000000.00000` and so many seconds. */
export function second(seconds: number): Timestamp {
  return `${1_700_000_000 + seconds}.00000` as Timestamp
}

export function md5(bytes: Buffer | string): string {
  return digestOf('md5', bytes, 'hex')
}

export interface PutParts {
  readonly name?: string
  readonly headers?: HeaderMap
  readonly contentType?: string
  readonly updates?: readonly ContainerUpdate[]
}

export const NAME = '/a/c/o'

/** Writes a whole object. */
export async function putObject(
  engine: ObjectEngine,
  timestamp: Timestamp,
  body: Buffer | string,
  parts: PutParts = {},
): ReturnType<ReturnType<ObjectEngine['beginWrite']>['commit']> {
  const writer = engine.beginWrite(parts.name ?? NAME, { hashing: 'md5' })
  const failed = await writer.write(Buffer.from(body))
  if (failed !== undefined) {
    await writer.abort()
    return failed
  }
  const request: CommitRequest = {
    timestamp,
    etag: writer.etag() ?? '',
    contentType: parts.contentType ?? 'text/plain',
    headers: parts.headers ?? {},
    updates: () => parts.updates ?? [],
  }
  return await writer.commit(request)
}

export function look(engine: ObjectEngine, at = second(1000), name = NAME): Promise<Lookup> {
  return engine.lookUp(name, { at, expired: 'hide' })
}

/** The body of what is there, or why there is none. */
export async function bodyOf(engine: ObjectEngine, name = NAME): Promise<string> {
  const found = await look(engine, second(1000), name)
  if (found.kind !== 'found') return found.kind
  const opened = await engine.open(found.object)
  if (opened.kind !== 'open') return opened.kind
  const pieces: Buffer[] = []
  try {
    for await (const piece of opened.content.stream(0, found.object.sizeBytes)) pieces.push(piece)
  } finally {
    opened.content.close()
  }
  return Buffer.concat(pieces).toString()
}

export function remove(engine: ObjectEngine, timestamp: Timestamp): ReturnType<ObjectEngine['delete']> {
  return engine.delete(NAME, { timestamp, updates: () => [] })
}

export function post(
  engine: ObjectEngine,
  timestamp: Timestamp,
  headers: HeaderMap,
  contentType?: { value: string; timestamp: Timestamp },
): ReturnType<ObjectEngine['post']> {
  return engine.post(NAME, { timestamp, headers, contentType, expired: 'hide', updates: () => [] })
}

export function update(object: string, timestamp: Timestamp): ContainerUpdate {
  return {
    method: 'PUT',
    account: 'a',
    container: 'c',
    object,
    timestamp,
    headers: { 'x-size': '1' },
    targets: [{ host: '10.0.0.1:6201', device: 'sdb' }],
    partition: '7',
    attempts: 0,
    notBeforeMs: 0,
  }
}

export async function engineContract(t: Test, create: () => Promise<ObjectEngine>): Promise<void> {
  const test = async (
    name: string,
    body: (t: Test, engine: ObjectEngine) => Promise<void>,
  ): Promise<void> => {
    await t.test(name, async (t) => {
      const engine = await create()
      await body(t, engine)
      await engine.close()
    })
  }

  await t.test(
    'of two PUTs with one timestamp and the same bytes the same one counts, whichever comes first',
    async (t) => {
      const red = { headers: { 'x-object-meta-colour': 'red' }, contentType: 'text/red' }
      const blue = { headers: { 'x-object-meta-colour': 'blue' }, contentType: 'text/blue' }
      const [one, other] = [await create(), await create()]
      for (const parts of [red, blue, red]) await putObject(one, second(1), 'same', parts)
      for (const parts of [blue, red]) await putObject(other, second(1), 'same', parts)
      for (const engine of [one, other]) {
        t.match(await look(engine), { kind: 'found', object: red }, 'the later content type in its order')
        t.equal(await bodyOf(engine), 'same')
      }
      t.same(one.digestBelow(''), other.digestBelow(''))
      await putObject(other, second(2), 'same', blue)
      await putObject(one, second(2), 'same', { ...blue, headers: {} })
      t.not(one.digestBelow('').digest, other.digestBelow('').digest, 'metadata is compared')
      for (const engine of [one, other]) await engine.close()
    },
  )

  await test('nothing is there before anything was put', async (t, engine) => {
    t.same(await look(engine), { kind: 'missing' })
    t.same(await engine.probe(NAME), { kind: 'missing' })
    t.same(await post(engine, second(1), {}), { kind: 'missing' })
    t.equal(engine.digestBelow('').count, 0)
  })

  await test('what was put is found with all that was said about it', async (t, engine) => {
    const outcome = await putObject(engine, second(1), 'hello', {
      headers: { 'x-object-meta-colour': 'blue', 'content-encoding': 'gzip' },
    })
    t.equal(outcome.kind, 'changed')
    const found = await look(engine)
    t.match(found, {
      kind: 'found',
      object: {
        name: NAME,
        timestamp: second(1),
        dataTimestamp: second(1),
        contentTypeTimestamp: second(1),
        sizeBytes: 5,
        etag: md5('hello'),
        contentType: 'text/plain',
        headers: { 'x-object-meta-colour': 'blue', 'content-encoding': 'gzip' },
      },
    })
    t.equal(await bodyOf(engine), 'hello')
    t.match(await engine.probe(NAME), {
      kind: 'found',
      timestamp: second(1),
      etag: md5('hello'),
      sizeBytes: 5,
    })
  })

  await test('an empty object is an object', async (t, engine) => {
    await putObject(engine, second(1), '')
    t.equal(await bodyOf(engine), '')
    t.match(await look(engine), { kind: 'found', object: { sizeBytes: 0, etag: md5('') } })
  })

  await test('a body of several blocks is read whole and in parts', async (t, engine) => {
    const bytes = Buffer.alloc(2 * BLOCK_BYTES + 12_345)
    for (let at = 0; at < bytes.length; at += 997) bytes[at] = at & 0xff
    const writer = engine.beginWrite(NAME, { hashing: 'md5' })
    for (let at = 0; at < bytes.length; at += 70_001) await writer.write(bytes.subarray(at, at + 70_001))
    t.equal(writer.etag(), md5(bytes))
    t.equal(writer.sizeBytes, bytes.length)
    t.equal(writer.blockCrcs().length, 3)
    const request = { timestamp: second(1), etag: md5(bytes), contentType: 'x/y', headers: {} }
    await writer.commit({ ...request, updates: () => [] })
    const found = await look(engine)
    if (found.kind !== 'found') return void t.fail('not found')
    const opened = await engine.open(found.object)
    if (opened.kind !== 'open') return void t.fail('not open')
    const edges = [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 2 * BLOCK_BYTES, bytes.length]
    for (const start of edges) {
      for (const end of edges) {
        if (end < start) continue
        const pieces: Buffer[] = []
        for await (const piece of opened.content.stream(start, end)) pieces.push(piece)
        t.ok(Buffer.concat(pieces).equals(bytes.subarray(start, end)), `bytes ${start} to ${end}`)
      }
    }
    opened.content.close()
  })

  await test('an aborted write leaves nothing', async (t, engine) => {
    const writer = engine.beginWrite(NAME, { hashing: 'md5' })
    await writer.write(Buffer.from('half'))
    await writer.abort()
    t.same(await look(engine), { kind: 'missing' })
  })

  await test('the later write wins, whatever order they come in', async (t, engine) => {
    await putObject(engine, second(5), 'later')
    t.same(await putObject(engine, second(3), 'earlier'), { kind: 'newer_exists', timestamp: second(5) })
    t.equal(await bodyOf(engine), 'later')
    const replaced = (await putObject(engine, second(6), 'latest')) as Changed
    t.equal(replaced.before?.etag, md5('later'))
    t.equal(await bodyOf(engine), 'latest')
  })

  await test('an offset makes a timestamp later', async (t, engine) => {
    await putObject(engine, second(5), 'plain')
    const offset = `${second(5)}_0000000000000001` as Timestamp
    t.equal((await putObject(engine, offset, 'with offset')).kind, 'changed')
    t.same(await putObject(engine, second(5), 'plain'), { kind: 'newer_exists', timestamp: offset })
    t.equal(await bodyOf(engine), 'with offset')
  })

  await test('equal timestamps are decided by the ETag, then by the tombstone', async (t, engine) => {
    const [low, high] = ['one', 'two'].toSorted((left, right) => (md5(left) < md5(right) ? -1 : 1)) as [
      string,
      string,
    ]
    await putObject(engine, second(1), low)
    t.equal((await putObject(engine, second(1), high)).kind, 'changed')
    t.equal((await putObject(engine, second(1), low)).kind, 'newer_exists')
    t.equal(await bodyOf(engine), high)
    t.equal((await remove(engine, second(1))).kind, 'changed')
    t.same(await look(engine), { kind: 'deleted', timestamp: second(1) })
    t.equal((await putObject(engine, second(1), high)).kind, 'newer_exists')
  })

  await test('a delete leaves a tombstone, also where nothing was', async (t, engine) => {
    t.equal((await remove(engine, second(1))).kind, 'changed')
    t.same(await look(engine), { kind: 'deleted', timestamp: second(1) })
    t.same(await engine.probe(NAME), { kind: 'deleted', timestamp: second(1) })
    t.same(await putObject(engine, second(1), 'x'), { kind: 'newer_exists', timestamp: second(1) })
    await putObject(engine, second(2), 'back')
    t.equal(await bodyOf(engine), 'back')
    t.same(await remove(engine, second(1)), { kind: 'newer_exists', timestamp: second(2) })
    const gone = (await remove(engine, second(3))) as Changed
    t.equal(gone.before?.etag, md5('back'))
    t.same(await remove(engine, second(3)), { kind: 'newer_exists', timestamp: second(3) })
  })

  await test('a guarded delete happens only if the guard says so', async (t, engine) => {
    await putObject(engine, second(1), 'x')
    const request = { timestamp: second(2), updates: () => [] }
    t.same(await engine.delete(NAME, { ...request, guard: (object) => object === undefined }), {
      kind: 'refused',
    })
    t.equal(await bodyOf(engine), 'x')
    t.equal(
      (await engine.delete(NAME, { ...request, guard: (object) => object?.sizeBytes === 1 })).kind,
      'changed',
    )
  })

  await test('a POST replaces user metadata and keeps what belongs to the data', async (t, engine) => {
    await putObject(engine, second(1), 'x', {
      headers: { 'x-object-meta-a': '1', 'x-object-sysmeta-s': '2', 'x-static-large-object': 'True' },
    })
    t.equal((await post(engine, second(2), { 'x-object-meta-b': '3' })).kind, 'changed')
    t.match(await look(engine), {
      kind: 'found',
      object: {
        timestamp: second(2),
        dataTimestamp: second(1),
        contentType: 'text/plain',
        headers: { 'x-object-meta-b': '3', 'x-object-sysmeta-s': '2', 'x-static-large-object': 'True' },
      },
    })
    const found = await look(engine)
    t.notOk(found.kind === 'found' && 'x-object-meta-a' in found.object.headers)
    t.equal(await bodyOf(engine), 'x')
    t.same(await post(engine, second(2), {}), { kind: 'newer_exists', timestamp: second(2) })
  })

  await test('content type and metadata have timestamps of their own', async (t, engine) => {
    await putObject(engine, second(1), 'x')
    await post(engine, second(5), { 'x-object-meta-a': '5' }, { value: 'type/5', timestamp: second(5) })
    t.equal(
      (await post(engine, second(4), {}, { value: 'type/4', timestamp: second(4) })).kind,
      'newer_exists',
    )
    await post(engine, second(7), { 'x-object-meta-a': '7' })
    t.match(await look(engine), {
      object: { timestamp: second(7), contentType: 'type/5', contentTypeTimestamp: second(5) },
    })
    const late = await post(
      engine,
      second(6),
      { 'x-object-meta-a': '6' },
      { value: 'type/6', timestamp: second(6) },
    )
    t.equal(late.kind, 'changed', 'only its content type is news')
    t.match(await look(engine), {
      object: { timestamp: second(7), contentType: 'type/6', headers: { 'x-object-meta-a': '7' } },
    })
  })

  await test('a fact is a field by itself, whatever order changes come in', async (t, engine) => {
    const [tags, acl] = [`${FACT_PREFIX}tags`, `${FACT_PREFIX}acl`]
    const change = (at: number, headers: HeaderMap, fields: PostedFields): ReturnType<ObjectEngine['post']> =>
      engine.post(NAME, {
        timestamp: second(at),
        headers,
        contentType: undefined,
        fields,
        expired: 'hide',
        updates: () => [],
      })
    await putObject(engine, second(1), 'x', { headers: { [tags]: 'put', 'x-object-meta-a': '1' } })
    t.equal((await change(9, { [acl]: '9', [tags]: 'carried along' }, [acl])).kind, 'changed')
    t.equal((await change(5, { 'x-object-meta-a': '5' }, 'metadata')).kind, 'changed')
    t.equal((await change(7, { [tags]: '7' }, [tags])).kind, 'changed')
    t.same(await change(6, { [tags]: '6' }, [tags]), { kind: 'newer_exists', timestamp: second(9) })
    t.match(await look(engine), {
      object: {
        timestamp: second(5),
        changedAt: second(9),
        headers: { [acl]: '9', [tags]: '7', 'x-object-meta-a': '5' },
      },
    })
    t.match(await engine.probe(NAME), {
      timestamp: second(9),
      changes: `posted=${second(5)};${acl}=${second(9)};${tags}=${second(7)}`,
    })
    await change(10, { [tags]: '' }, [tags])
    const found = await look(engine)
    t.equal(found.kind === 'found' && found.object.headers[tags], undefined)
    await putObject(engine, second(8), 'y')
    t.match(await look(engine), { object: { timestamp: second(8), headers: { [acl]: '9' } } })
  })

  await test('a PUT takes back what earlier POSTs said, and not what later ones did', async (t, engine) => {
    await putObject(engine, second(1), 'one')
    await post(engine, second(5), { 'x-object-meta-a': '5' })
    await putObject(engine, second(3), 'three')
    t.match(await look(engine), { object: { headers: { 'x-object-meta-a': '5' }, dataTimestamp: second(3) } })
    await putObject(engine, second(6), 'six')
    const found = await look(engine)
    t.match(found, { object: { timestamp: second(6) } })
    t.notOk(found.kind === 'found' && 'x-object-meta-a' in found.object.headers)
  })

  await test('an expired object is found only by who asks for it', async (t, engine) => {
    await putObject(engine, second(1), 'x', { headers: { 'x-delete-at': '1700000100' } })
    t.equal((await look(engine, second(99))).kind, 'found')
    t.match(await look(engine, second(100)), { kind: 'expired', object: { etag: md5('x') } })
    const open = await engine.lookUp(NAME, { at: second(100), expired: 'open' })
    t.equal(open.kind, 'found')
    t.equal((await post(engine, second(200), {})).kind, 'expired')
  })

  await test('an opened version stays readable when it is replaced, a later open says it is gone', async (t, engine) => {
    const old = Buffer.alloc(300_000, 'old')
    await putObject(engine, second(1), old)
    const found = await look(engine)
    if (found.kind !== 'found') return void t.fail('not found')
    const opened = await engine.open(found.object)
    if (opened.kind !== 'open') return void t.fail('not open')
    await putObject(engine, second(2), 'new')
    const pieces: Buffer[] = []
    for await (const piece of opened.content.stream(0, old.length)) pieces.push(piece)
    t.ok(Buffer.concat(pieces).equals(old))
    opened.content.close()
    opened.content.close()
    t.same(await engine.open(found.object), { kind: 'gone' })
  })

  await test('rows are queued with the change that brings them, and settled', async (t, engine) => {
    await putObject(engine, second(1), 'x', { updates: [update('o', second(1))] })
    await putObject(engine, second(2), 'y', { updates: [update('o', second(2)), update('p', second(2))] })
    const refused = await putObject(engine, second(1), 'z', { updates: [update('q', second(1))] })
    t.equal(refused.kind, 'newer_exists')
    const queued = await engine.updates.list(10)
    t.equal(queued.length, 3)
    t.equal(await engine.updates.count(), 3)
    t.same(await engine.updates.figures(), { count: 3, oldest: second(1) })
    const ofO = queued.filter((row) => row.object === 'o').map((row) => row.timestamp)
    t.same(ofO, [second(1), second(2)], 'rows of one object stand together in the order of time')
    t.same(await engine.updates.list(10, queued[1]), queued.slice(2))
    const [first, ...others] = queued as [ContainerUpdate, ...ContainerUpdate[]]
    await engine.updates.settle([first], [{ ...(others[0] as ContainerUpdate), attempts: 3 }])
    t.same(
      (await engine.updates.list(10)).map((row) => row.attempts),
      [3, 0],
    )
  })

  await test('who delivers a row says nothing of another one of its time that took its place', async (t, engine) => {
    const row = (etag: string): ContainerUpdate => ({
      ...update('o', second(1)),
      headers: { 'x-etag': etag },
    })
    const [one, other] = ['x', 'y'].toSorted((left, right) => (md5(left) < md5(right) ? -1 : 1)) as [
      string,
      string,
    ]
    await putObject(engine, second(1), one, { updates: [row(md5(one))] })
    const [underWay] = (await engine.updates.list(1)) as [ContainerUpdate]
    t.equal((await putObject(engine, second(1), other, { updates: [row(md5(other))] })).kind, 'changed')
    await engine.updates.settle([underWay], [])
    await engine.updates.settle([], [{ ...underWay, attempts: 7 }])
    t.match(await engine.updates.list(2), [{ headers: { 'x-etag': md5(other) }, attempts: 0 }])
    const gone: ContainerUpdate = { ...update('o', second(1)), method: 'DELETE' }
    t.equal((await engine.delete(NAME, { timestamp: second(1), updates: () => [gone] })).kind, 'changed')
    await engine.updates.settle([row(md5(other))], [])
    const [left, ...more] = await engine.updates.list(2)
    t.match([left?.method, more.length], ['DELETE', 0])
    await engine.updates.settle([left as ContainerUpdate], [])
    t.equal(await engine.updates.count(), 0)
  })

  await test('digests depend on what is stored and not on the order of writes', async (t, engine) => {
    const other = await create()
    const names = ['/a/c/1', '/a/c/2', '/a/c/3', '/a/c/4']
    for (const name of names) await putObject(engine, second(1), name, { name })
    await remove(engine, second(9))
    await remove(other, second(9))
    for (const name of names.toReversed()) {
      await putObject(other, second(0), 'older', { name })
      await putObject(other, second(1), name, { name })
    }
    t.same(engine.digestBelow(''), other.digestBelow(''))
    t.equal(engine.digestBelow('').count, 5)
    await putObject(other, second(2), 'changed', { name: '/a/c/1' })
    t.not(engine.digestBelow('').digest, other.digestBelow('').digest)
    await other.close()
  })
}
