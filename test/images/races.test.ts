/**
 * Two proxies that change the same image at the same moment, on a cluster in memory: one of them is told, and nothing that
 * was acknowledged is lost. What one proxy wrote the other lists within a second.
 */
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import {
  type AskImages,
  createImage,
  type Heard,
  PEOPLE,
  streamed,
  testImages,
  uploadBytes,
} from '#images/testing/test-images.ts'
import type { Store } from '#store/contract.ts'
import { MemoryCluster } from '#test/cluster/memory-cluster.ts'

t.setTimeout(600_000)

const ROUNDS = 8
const DOWNLOADS = 20
const PATCH = { 'Content-Type': 'application/openstack-images-v2.1-json-patch' }

function addProperty(ask: AskImages, id: string, name: string): Promise<Heard> {
  const body = [{ op: 'add', path: `/${name}`, value: 'x' }]
  return ask('PATCH', `/v2/images/${id}`, { body, headers: PATCH })
}

/** Nobody writes before two want to. */
function meetingPoint(): { readonly before: (store: Store) => Store } {
  const both = Promise.withResolvers<void>()
  let count = 0
  const before = ({ objects, ...others }: Store): Store => ({
    ...others,
    objects: {
      ...objects,
      read: (context, name, options) => objects.read(context, name, options),
      post: (context, name, post) => objects.post(context, name, post),
      delete: (context, name, options) => objects.delete(context, name, options),
      put: async (context, name, put) => {
        count += 1
        if (count === 2) both.resolve()
        await both.promise
        return await objects.put(context, name, put)
      },
    },
  })
  return { before }
}

void t.test('two proxies of one cluster', async (t) => {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  const second = await cluster.anotherProxy()
  const [one, other] = [cluster.store, second].map((store) => testImages({ store }).as(PEOPLE.tester)) as [
    AskImages,
    AskImages,
  ]

  await t.test('of two patches at once both are made, or one is refused with 409', async (t) => {
    const id = await createImage(one)
    for (let round = 0; round < ROUNDS; round += 1) {
      const names = [`a${round}`, `b${round}`] as const
      const both = await Promise.all([addProperty(one, id, names[0]), addProperty(other, id, names[1])])
      const statuses = both.map(({ status }) => status)
      // 503: the agreement came to no end in time, and the client may ask again.
      t.ok(
        statuses.every((status) => [200, 409, 503].includes(status)),
        statuses.join(' '),
      )
      const { json } = await other('GET', `/v2/images/${id}`)
      if (statuses[0] !== 503) t.equal(names[0] in json, statuses[0] === 200)
      if (statuses[1] !== 503) t.equal(names[1] in json, statuses[1] === 200)
    }
  })

  await t.test('of two that have read the same image, exactly one changes it', async (t) => {
    const id = await createImage(one)
    const meeting = meetingPoint()
    const [first, other] = [cluster.store, second].map((store) =>
      testImages({ store: meeting.before(store) }).as(PEOPLE.tester),
    ) as [AskImages, AskImages]
    const both = await Promise.all([addProperty(first, id, 'a'), addProperty(other, id, 'b')])
    t.same(
      both.map(({ status }) => status).toSorted((left, right) => left - right),
      [200, 409],
    )
    const { json } = await one('GET', `/v2/images/${id}`)
    t.same(
      ['a' in json, 'b' in json],
      both.map(({ status }) => status === 200),
    )
  })

  await t.test('of two uploads at once one is the image', async (t) => {
    const id = await createImage(one)
    const bodies = [Buffer.alloc(50_000, 'a'), Buffer.alloc(60_000, 'b')] as const
    const both = await Promise.all([
      uploadBytes(one, id, streamed([bodies[0]])),
      uploadBytes(other, id, streamed([bodies[1]])),
    ])
    const winner = both.findIndex(({ status }) => status === 204)
    t.same(
      both.map(({ status }) => status).toSorted((left, right) => left - right),
      [204, 409],
    )
    t.ok((await one('GET', `/v2/images/${id}/file`)).bytes.equals(bodies[winner] as Buffer))
  })

  await t.test('an id is given away once', async (t) => {
    const id = '5f3c1d1e-8a43-4a55-9e53-3b1f2ac3b111'
    const both = await Promise.all([one, other].map((ask) => ask('POST', '/v2/images', { body: { id } })))
    t.same(
      both.map(({ status }) => status).toSorted((left, right) => left - right),
      [201, 409],
    )
  })

  await t.test('an upload of an image that is deleted meanwhile ends with 410', async (t) => {
    const id = await createImage(one)
    const gate = Promise.withResolvers<void>()
    const slow = streamed([])
    const body = {
      ...slow,
      async *[Symbol.asyncIterator]() {
        yield Buffer.alloc(1000, 'x')
        await gate.promise
        yield Buffer.alloc(1000, 'y')
      },
    }
    const uploading = uploadBytes(one, id, body)
    while ((await other('GET', `/v2/images/${id}`)).json['status'] !== 'saving') await realClock.sleep(2)
    t.equal((await other('DELETE', `/v2/images/${id}`)).status, 204)
    gate.resolve()
    t.equal((await uploading).status, 410)
  })

  await t.test('a device that dies in the middle of downloads costs no byte', async (t) => {
    const cutting = { pieceBytes: 40_000, zeroRunBytes: 20_000, piecesMax: 100 }
    const ask = testImages({ store: cluster.store, deps: { cutting } }).as(PEOPLE.tester)
    const id = await createImage(ask)
    const chunks = Array.from({ length: 50 }, () => randomBytes(10_000))
    await uploadBytes(ask, id, streamed(chunks))
    const [device] = cluster.devices
    const downloads = Array.from({ length: DOWNLOADS }, () => ask('GET', `/v2/images/${id}/file`))
    await realClock.sleep(5)
    if (device !== undefined) cluster.stop(device)
    for (const { bytes } of await Promise.all(downloads)) t.ok(bytes.equals(Buffer.concat(chunks)))
    if (device !== undefined) cluster.restart(device)
  })

  await t.test('what one made the other lists within a second', async (t) => {
    await other('GET', '/v2/images')
    const id = await createImage(one, { name: 'fresh' })
    await realClock.sleep(950)
    const { json } = await other('GET', '/v2/images?name=fresh')
    t.match(json['images'], [{ id }])
  })
})
