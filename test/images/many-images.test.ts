/**
 * Ten thousand images are listed page by page: every one once, whatever the order and the filter, and a page costs less than
 * 50 ms of processor time. What it takes on a cluster is measured by `bench/image-list.ts` (`docs/images.md`).
 */
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import { type AskImages, createImage, PEOPLE, testImages } from '#images/testing/test-images.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'
import { MemoryRecords } from '#store/records/memory-records.ts'

t.setTimeout(600_000)

const IMAGES = 10_000
const PAGE_MS_MAX = 50

/** As Nova asks. */
const PAGE = 200

/** A filter, and how many images it leaves. */
const QUERIES: readonly (readonly [query: string, count: number])[] = [
  ['', IMAGES],
  ['sort_key=name&sort_dir=asc', IMAGES],
  ['sort=disk_format:asc,name:desc&tag=fine', IMAGES / 5],
  ['colour=red&disk_format=qcow2', 477],
  ['visibility=shared&created_at=gt:2020-01-01T00:00:00Z', IMAGES / 2],
  ['name=in:image 5,image 55,image 555', 3],
  ['visibility=private', IMAGES / 2],
  ['protected=true', 0],
]

function imageAt(at: number): Readonly<Record<string, unknown>> {
  return {
    name: `image ${at}`,
    disk_format: at % 3 === 0 ? 'qcow2' : 'raw',
    visibility: at % 2 === 0 ? 'shared' : 'private',
    tags: at % 5 === 0 ? ['fine'] : [],
    colour: at % 7 === 0 ? 'red' : 'blue',
  }
}

interface Walked {
  readonly ids: ReadonlySet<string>
  readonly images: number
  readonly pages: number
}

async function walk(ask: AskImages, query: string): Promise<Walked> {
  const ids = new Set<string>()
  let images = 0
  let pages = 0
  let next: string | undefined = `/v2/images?limit=${PAGE}&${encodeURI(query)}`
  while (next !== undefined) {
    const { json } = await ask('GET', next)
    const page = json['images'] as readonly { readonly id: string }[]
    for (const { id } of page) ids.add(id)
    images += page.length
    pages += 1
    next = json['next'] as string | undefined
  }
  return { ids, images, pages }
}

void t.test('ten thousand images', async (t) => {
  const store = new MemoryStore({ clock: realClock })
  const ask = testImages({ store, deps: { records: new MemoryRecords() } }).as(PEOPLE.tester)
  for (let at = 0; at < IMAGES; at += 1) await createImage(ask, imageAt(at))
  await ask('GET', '/v2/images')
  for (const [query, count] of QUERIES) {
    await t.test(query === '' ? 'all of them' : query, async (t) => {
      const begun = process.cpuUsage()
      const { ids, images, pages } = await walk(ask, query)
      const { user, system } = process.cpuUsage(begun)
      t.equal(ids.size, count)
      t.equal(images, count, 'each once')
      const pageMs = (user + system) / 1000 / pages
      t.ok(pageMs < PAGE_MS_MAX, `${pageMs.toFixed(1)} ms a page`)
    })
  }
})
