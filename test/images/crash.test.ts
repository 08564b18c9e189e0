/**
 * Goal: a proxy that dies in the middle of an operation on an image leaves nothing that lies and nothing that stays. Method:
 * every operation is cut off before every one of its steps, on a cluster in memory; then another proxy sweeps, a month
 * later, and looks.
 *
 * - An image is `active` only with the bytes whose hash it shows; otherwise it is as before, or `queued`, or deleted.
 * - No bytes are stored that no image names.
 * - What was cut off can be done again.
 */
import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { type AskImages, createImage, PEOPLE, streamed, uploadBytes } from '#images/testing/test-images.ts'
import { MemoryCluster } from '#test/cluster/memory-cluster.ts'
import { BYTES, CHUNKS, namedKeys, proxyOver, storedKeys, sweepLater, untilDeath } from './survivors.ts'

// Hundreds of agreements; a busy machine takes its time.
t.setTimeout(600_000)

const STEPS_MAX = 60

interface Operation {
  readonly name: string
  readonly prepare: (ask: AskImages, id: string) => Promise<unknown>
  readonly run: (ask: AskImages, id: string) => Promise<{ readonly status: number }>
  /** What the image may be after the sweep. */
  readonly may: readonly string[]
}

const OCTETS = { 'Content-Type': 'application/octet-stream' }

const stage = (ask: AskImages, id: string): ReturnType<AskImages> =>
  ask('PUT', `/v2/images/${id}/stage`, { body: streamed([BYTES]), headers: OCTETS })

function part(ask: AskImages, id: string, first: number, end: number): ReturnType<AskImages> {
  return ask('PUT', `/v2/images/${id}/file`, {
    body: streamed([BYTES.subarray(first, end)]),
    headers: { ...OCTETS, 'Content-Range': `bytes ${first}-/${BYTES.length}` },
  })
}

async function importStaged(ask: AskImages, id: string): Promise<{ readonly status: number }> {
  const body = { method: { name: 'glance-direct' } }
  const begun = await ask('POST', `/v2/images/${id}/import`, { body })
  for (let tries = 0; begun.status === 202 && tries < 50; tries += 1) {
    const shown = await ask('GET', `/v2/images/${id}`)
    if (shown.json['status'] !== 'importing') return shown
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return begun
}

const nothing = async (): Promise<void> => {}

const OPERATIONS: readonly Operation[] = [
  {
    name: 'upload',
    prepare: nothing,
    run: (ask, id) => uploadBytes(ask, id, streamed(CHUNKS)),
    may: ['queued', 'active'],
  },
  {
    name: 'last part of an upload in parts',
    prepare: (ask, id) => part(ask, id, 0, 45_000),
    run: (ask, id) => part(ask, id, 45_000, BYTES.length),
    may: ['queued', 'active'],
  },
  // What is staged waits for its import for as long as its owner likes.
  { name: 'stage', prepare: nothing, run: stage, may: ['queued', 'uploading'] },
  { name: 'import', prepare: stage, run: importStaged, may: ['queued', 'uploading', 'active'] },
  {
    name: 'delete',
    prepare: (ask, id) => uploadBytes(ask, id, streamed(CHUNKS)),
    run: (ask, id) => ask('DELETE', `/v2/images/${id}`),
    may: ['active', 'gone'],
  },
]

/** The operation until its process dies before `step`; whether it came to its end. */
async function cutOff(
  operation: Operation,
  cluster: MemoryCluster,
  id: string,
  step: number,
): Promise<boolean> {
  const status = await untilDeath(cluster, step, (ask) => operation.run(ask, id))
  return status !== undefined && status < 300
}

async function look(t: Test, operation: Operation, cluster: MemoryCluster, id: string): Promise<void> {
  const survivor = await sweepLater({ cluster })
  const ask = survivor.as(PEOPLE.tester)
  const shown = await ask('GET', `/v2/images/${id}`)
  const status = shown.status === 404 ? 'gone' : String(shown.json['status'])
  t.ok(operation.may.includes(status), `the image is ${status}`)
  if (status === 'active') await lookAtBytes(t, ask, id, shown.json)
  const named = await namedKeys(survivor)
  t.same(await storedKeys(survivor), named, 'only what is named is stored')
}

async function lookAtBytes(
  t: Test,
  ask: AskImages,
  id: string,
  image: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { bytes } = await ask('GET', `/v2/images/${id}/file`)
  t.ok(bytes.equals(BYTES))
  t.equal(image['os_hash_value'], createHash('sha512').update(BYTES).digest('hex'))
}

void t.test('whatever step of an operation a proxy dies at', async (t) => {
  const cluster = await MemoryCluster.start()
  t.teardown(() => cluster.close())
  for (const operation of OPERATIONS) {
    await t.test(operation.name, async (t) => {
      let step = 1
      for (; step <= STEPS_MAX; step += 1) {
        const ask = proxyOver(cluster.store).as(PEOPLE.tester)
        const id = await createImage(ask)
        await operation.prepare(ask, id)
        const isWhole = await cutOff(operation, cluster, id, step)
        await look(t, operation, cluster, id)
        const isThere = (await ask('GET', `/v2/images/${id}`)).json['status'] === 'queued'
        if (isThere && step % 5 === 1)
          t.equal((await uploadBytes(ask, id, streamed(CHUNKS))).status, 204, 'it can be tried again')
        await ask('DELETE', `/v2/images/${id}`)
        if (isWhole) break
      }
      t.ok(step < STEPS_MAX, `it takes ${step} steps`)
    })
  }
})
