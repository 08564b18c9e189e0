/** The index gives what looking at every image would give, whatever changed since it was made. */
import fc from 'fast-check'
import t from 'tap'
import type { Caller } from '../caller.ts'
import { DEFAULT_LIMITS } from '../limits.ts'
import { type ImageRecord, newImage } from '../model/image-record.ts'
import { Refusal } from '../refusal.ts'
import { ImageIndex } from './image-index.ts'
import { type ImageQuery, pageOf, readImageQuery } from './image-list.ts'
import { readParameters } from './parameters.ts'

const CALLER: Caller = {
  projectId: 'test',
  userId: 'tester',
  isAdmin: false,
  roles: ['reader', 'member'],
  accounts: [],
}

interface Step {
  readonly id: string
  readonly name: string | null
  readonly owner: string
  readonly format: string
  readonly tags: readonly string[]
  readonly colour: string
  readonly createdAt: number
  readonly visibility: ImageRecord['visibility']
  readonly isProtected: boolean
  readonly isHidden: boolean
  readonly becomes: 'there' | 'deleted' | 'forgotten'
}

const step = fc.record<Step>({
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
  name: fc.constantFrom(null, 'one', 'two', 'three'),
  owner: fc.constantFrom('test', 'other'),
  format: fc.constantFrom('raw', 'qcow2'),
  tags: fc.uniqueArray(fc.constantFrom('fine', 'old')),
  colour: fc.constantFrom('red', 'blue'),
  createdAt: fc.integer({ min: 0, max: 5 }),
  visibility: fc.constantFrom('shared', 'public', 'private', 'community'),
  isProtected: fc.boolean(),
  isHidden: fc.boolean(),
  becomes: fc.constantFrom('there', 'there', 'there', 'deleted', 'forgotten'),
})

const query = fc.constantFrom(
  'limit=3',
  'limit=2&sort=name:asc,created_at:desc',
  'limit=3&name=two',
  'limit=2&name=in:one,three&tag=fine',
  'limit=4&colour=red&sort_key=id&sort_dir=asc',
  'limit=1&disk_format=qcow2&owner=test&tag=fine&tag=old',
  'limit=1&id=a',
  'limit=2&visibility=public',
  'limit=1&visibility=community&sort=name',
  'limit=2&os_hidden=true',
  'limit=2&protected=true&visibility=all',
  'limit=1&protected=false',
)

function imageOf({ id, format, colour, createdAt, becomes, ...rest }: Step): ImageRecord {
  const draft = {
    ...rest,
    minRam: 0,
    minDisk: 0,
    containerFormat: 'bare',
    diskFormat: format,
    properties: { colour },
  } as const
  const image = newImage(draft, id, createdAt * 1000)
  return becomes === 'deleted' ? { ...image, status: 'deleted' } : image
}

function read(written: string): ImageQuery {
  const parameters = readParameters(written)
  if (parameters instanceof Refusal) throw new Error(parameters.message)
  const read = readImageQuery(parameters, CALLER, DEFAULT_LIMITS)
  if (read instanceof Refusal) throw new Error(read.message)
  return read
}

/** Every page, one after the other. */
function walked(index: ImageIndex, asked: ImageQuery): readonly string[] {
  const ids: string[] = []
  for (let marker: string | undefined; ; ) {
    const page = pageOf(index, { ...asked, marker }, marker === undefined ? undefined : index.get(marker))
    if (page instanceof Refusal) throw new Error(page.message)
    ids.push(...page.images.map(({ id }) => id))
    if (page.nextMarker === undefined) return ids
    marker = page.nextMarker
  }
}

function sought(all: ReadonlyMap<string, ImageRecord>, asked: ImageQuery): readonly string[] {
  return [...all.values()]
    .filter(asked.matches)
    .toSorted(asked.order.compare)
    .map(({ id }) => id)
}

t.test('pages of an index are those of a search through all images', async (t) => {
  const rounds = fc.array(fc.record({ steps: fc.array(step, { maxLength: 8 }), query }), { maxLength: 6 })
  fc.assert(
    fc.property(rounds, (rounds) => {
      const index = new ImageIndex()
      const all = new Map<string, ImageRecord>()
      for (const { steps, query } of rounds) {
        for (const one of steps) {
          if (one.becomes === 'forgotten') {
            index.delete(one.id)
            all.delete(one.id)
          } else {
            const image = imageOf(one)
            index.set(image)
            all.set(image.id, image)
          }
        }
        const asked = read(query)
        if (walked(index, asked).join() !== sought(all, asked).join()) return false
      }
      return true
    }),
  )
  t.pass('whatever changed in between')
})

t.test('few images of many are looked up, whatever order they are asked for in', async (t) => {
  const index = new ImageIndex()
  for (let at = 0; at < 1000; at += 1) {
    index.set(imageOf({ ...FIRST, id: `image-${at}`, name: `name ${at % 500}` }))
  }
  const asked = read('limit=10&name=name 7')
  let looked = 0
  const matches = (image: ImageRecord): boolean => {
    looked += 1
    return asked.matches(image)
  }
  const page = pageOf(index, { ...asked, matches }, undefined)
  t.match(page, { images: [{ name: 'name 7' }, { name: 'name 7' }] })
  t.equal(looked, 2)
})

const FIRST: Step = {
  id: 'a',
  name: 'one',
  owner: 'test',
  format: 'raw',
  tags: [],
  colour: 'red',
  createdAt: 0,
  visibility: 'shared',
  isProtected: false,
  isHidden: false,
  becomes: 'there',
}
