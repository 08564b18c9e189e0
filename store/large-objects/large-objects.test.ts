/**
 * Goal: whatever a manifest is made of, and whatever range is asked for, the bytes are those of its segments, in order, and of
 * nothing else. Method: random manifests over the store in memory, held against the concatenation of the same bytes.
 */
import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { silentLogger } from '#base/log.ts'
import { bufferBody, readWhole } from '#http/message.ts'
import type { SegmentWanted, Store } from '../contract.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { largeObjects } from './large-objects.ts'
import { joinedEtag, manifestJson, parseManifest, type Segment } from './manifest.ts'
import { MemoryObjects } from './test-objects.ts'

const context: OperationContext = { txId: 'tx-test', signal: undefined, log: silentLogger }
const random = { bytes: randomBytes, below: () => 0 }
const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex')

function named(object: string): ObjectName {
  return { account: 'a', container: 'c', object }
}

async function put(
  store: Store,
  object: string,
  body: Buffer,
  segments?: readonly SegmentWanted[],
): Promise<void> {
  const made = await store.objects.put(context, named(object), {
    body: bufferBody(body),
    contentType: 'text/plain',
    expectedEtag: undefined,
    metadata: {},
    limitBytes: 1e9,
    segments,
  })
  if (made.kind !== 'created') throw new Error(made.kind)
}

async function get(store: Store, object: string, range?: string): Promise<Buffer | string> {
  const read = await store.objects.read(context, named(object), {
    method: 'GET',
    conditions: range === undefined ? {} : { range },
    newest: false,
  })
  return read.kind === 'found' ? await readWhole(read.body, 1e9) : read.kind
}

/** A segment that is to be made: of an object, of a manifest of such, or in the manifest itself. */
type Plan =
  | {
      readonly kind: 'object' | 'inline'
      readonly bytes: Buffer
      readonly part: readonly [number, number] | undefined
    }
  | {
      readonly kind: 'nested'
      readonly plans: readonly Plan[]
      readonly part: readonly [number, number] | undefined
    }

const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((array) => Buffer.from(array))
const part = fc.option(fc.tuple(fc.nat(60), fc.nat(60)), { nil: undefined })
const { plans } = fc.letrec<{ plans: readonly Plan[]; plan: Plan }>((tie) => ({
  plans: fc.array(tie('plan'), { minLength: 1, maxLength: 4 }),
  plan: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.record({ kind: fc.constantFrom('object', 'inline'), bytes, part }),
    fc.record({ kind: fc.constant('nested'), plans: tie('plans'), part }),
  ) as fc.Arbitrary<Plan>,
}))

class Maker {
  readonly #store: Store
  #made = 0

  constructor(store: Store) {
    this.#store = store
  }

  /** Makes an object of the plans; resolves to its name and bytes. */
  async make(plans: readonly Plan[]): Promise<{ readonly name: string; readonly bytes: Buffer }> {
    const segments: SegmentWanted[] = []
    const whole: Buffer[] = []
    for (const plan of plans) {
      const { segment, used } = await this.#segment(plan)
      segments.push(segment)
      whole.push(used)
    }
    this.#made += 1
    const name = `m${this.#made}`
    await put(this.#store, name, Buffer.alloc(0), segments)
    return { name, bytes: Buffer.concat(whole) }
  }

  async #segment(plan: Plan): Promise<{ readonly segment: SegmentWanted; readonly used: Buffer }> {
    if (plan.kind === 'inline') return { segment: { kind: 'inline', bytes: plan.bytes }, used: plan.bytes }
    const source = plan.kind === 'nested' ? await this.make(plan.plans) : await this.#object(plan.bytes)
    const [one = 0, other = 0] = plan.part ?? []
    const first = Math.min(one, other) % source.bytes.length
    const last = Math.max(first, Math.max(one, other))
    const range = plan.part === undefined ? undefined : { first, last }
    const used = range === undefined ? source.bytes : source.bytes.subarray(first, last + 1)
    return {
      segment: { kind: 'object', path: `/c/${source.name}`, etag: undefined, sizeBytes: undefined, range },
      used,
    }
  }

  async #object(body: Buffer): Promise<{ readonly name: string; readonly bytes: Buffer }> {
    this.#made += 1
    await put(this.#store, `o${this.#made}`, body)
    return { name: `o${this.#made}`, bytes: body }
  }
}

t.test('any manifest gives the bytes of its segments, whole and by any range', async (t: Test) => {
  await fc.assert(
    fc.asyncProperty(plans, fc.nat(200), fc.nat(200), async (plans, one, other) => {
      const store = largeObjects({ random })(new MemoryObjects().store)
      const { name, bytes } = await new Maker(store).make(plans)
      if (!bytes.equals((await get(store, name)) as Buffer)) return false
      const [first, last] = [Math.min(one, other), Math.max(one, other)]
      const ranged = await get(store, name, `bytes=${first}-${last}`)
      if (first >= bytes.length) return ranged === 'range_unsatisfiable'
      return bytes.subarray(first, last + 1).equals(ranged as Buffer)
    }),
    { numRuns: 100 },
  )
  t.end()
})

t.test('a manifest is read back as it was written', (t: Test) => {
  const range = fc.option(
    fc.tuple(fc.nat(50), fc.nat(50)).map(([start, more]) => ({ start, end: start + more + 1 })),
    {
      nil: undefined,
    },
  )
  const segment: fc.Arbitrary<Segment> = fc.oneof(
    fc.record({ kind: fc.constant('inline' as const), bytes }),
    fc.record({
      kind: fc.constant('object' as const),
      path: fc.string({ unit: 'grapheme' }).map((name) => `/c/${name}`),
      etag: fc.constant(md5(Buffer.from('x'))),
      sizeBytes: fc.nat(),
      contentType: fc.constant('text/plain'),
      lastModified: fc.constant('2026-11-21T12:00:00.000000'),
      range,
      isManifest: fc.boolean(),
    }),
  )
  fc.assert(
    fc.property(fc.array(segment), (segments) => {
      const read = parseManifest(manifestJson(segments))
      t.same(read, segments)
      return joinedEtag(read ?? []) === joinedEtag(segments)
    }),
    { numRuns: 50 },
  )
  t.end()
})

t.test('what is no manifest is none', (t: Test) => {
  for (const text of [
    '',
    '{}',
    '[1]',
    '[{}]',
    '[{"name": 1}]',
    '[{"name":"/c/o","hash":"x","bytes":"many"}]',
    '[null]',
  ]) {
    t.equal(parseManifest(Buffer.from(text)), undefined, text)
  }
  const old =
    '[{"name":"/c/o","hash":"x","bytes":5,"sub_slo":"True","content_type":"text/plain;swift_bytes=70"}]'
  t.match(parseManifest(Buffer.from(old)), [{ sizeBytes: 70, contentType: 'text/plain', isManifest: true }])
  t.end()
})

const PARTS = ['one', 'two', 'three', 'four'].map((text) => Buffer.from(text.repeat(1000)))

async function largeOf(objects: MemoryObjects): Promise<Store> {
  const store = largeObjects({ random })(objects.store)
  for (const [at, body] of PARTS.entries()) await put(store, `s${at}`, body)
  const segments = PARTS.map((_, at) => {
    return {
      kind: 'object',
      path: `/c/s${at}`,
      etag: undefined,
      sizeBytes: undefined,
      range: undefined,
    } as const
  })
  await put(store, 'large', Buffer.alloc(0), segments)
  return store
}

t.test('a segment that breaks off is read on from where it was', async (t: Test) => {
  const objects = new MemoryObjects()
  const store = await largeOf(objects)
  objects.breakOff('s1', 3, 100)
  t.ok(Buffer.concat(PARTS).equals((await get(store, 'large')) as Buffer))
  objects.breakOff('s1', 9, 100)
  await t.rejects(get(store, 'large'), { code: 'UNAVAILABLE' }, 'but not for ever')
})

t.test('a segment that changes while it is read ends the body', async (t: Test) => {
  const objects = new MemoryObjects()
  const store = await largeOf(objects)
  objects.breakOff('s1', 1, 100, () => put(store, 's1', Buffer.from('TWO'.repeat(1000))))
  await t.rejects(get(store, 'large'), { code: 'CHANGED' })
})

t.test('a replica that has an older segment is not believed', async (t: Test) => {
  const objects = new MemoryObjects()
  const store = await largeOf(objects)
  objects.staleUnlessNewest('s0', Buffer.from('old'))
  t.ok(Buffer.concat(PARTS).equals((await get(store, 'large')) as Buffer))
})

t.test('nothing stays open when the reader goes away', async (t: Test) => {
  const objects = new MemoryObjects()
  const store = await largeOf(objects)
  const read = await store.objects.read(context, named('large'), {
    method: 'GET',
    conditions: {},
    newest: false,
  })
  if (read.kind !== 'found' || read.body === undefined || Buffer.isBuffer(read.body))
    throw new Error('no stream')
  const iterator = read.body[Symbol.asyncIterator]()
  await iterator.next()
  await read.body.cancel()
  await t.rejects(iterator.next())
  t.equal(objects.openCount, 0)
})

t.test('only what comes next is open', async (t: Test) => {
  const objects = new MemoryObjects()
  const store = largeObjects({ random })(objects.store)
  const body = randomBytes(1024 * 1024)
  await put(store, 's', body)
  const segment = {
    kind: 'object',
    path: '/c/s',
    etag: undefined,
    sizeBytes: undefined,
    range: undefined,
  } as const
  await put(store, 'large', Buffer.alloc(0), Array<SegmentWanted>(50).fill(segment))
  const read = await store.objects.read(context, named('large'), {
    method: 'GET',
    conditions: {},
    newest: false,
  })
  if (read.kind !== 'found' || read.body === undefined || Buffer.isBuffer(read.body))
    throw new Error('no stream')
  let [mostOpen, sizeBytes] = [0, 0]
  for await (const chunk of read.body) {
    sizeBytes += chunk.length
    mostOpen = Math.max(mostOpen, objects.openCount)
  }
  t.equal(sizeBytes, 50 * body.length)
  t.ok(mostOpen >= 2 && mostOpen <= 4, `${mostOpen} at most`)
})
