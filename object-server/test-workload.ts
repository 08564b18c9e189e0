/**
 * What is done to an object in the tests that cut the power (`crash.test.ts`, `test/power-cut/`): every kind of change on
 * every kind of state, what must be seen after so many of them, and what is.
 */
import { FACT_PREFIX } from '#base/extensions.ts'
import { BLOCK_BYTES } from '#base/limits.ts'
import type { ContainerUpdate } from './container-update.ts'
import type { ObjectEngine } from './engine.ts'
import { look, md5, NAME, second, update } from './engine-contract.ts'

const LARGE = Buffer.alloc(BLOCK_BYTES + 5000, 'large')

export interface Step {
  readonly what: 'put' | 'post' | 'delete' | 'acl' | 'tags'
  readonly at: number
  readonly body: Buffer
  readonly mark: string
}

const put = (at: number, body: Buffer | string): Step => {
  return { what: 'put', at, body: Buffer.from(body), mark: `put${at}` }
}

/** Every kind of change on every kind of state. */
export const WORKLOAD: readonly Step[] = [
  put(1, 'first'),
  put(2, 'second'),
  { what: 'post', at: 3, body: Buffer.alloc(0), mark: 'post3' },
  put(4, LARGE),
  { what: 'delete', at: 5, body: Buffer.alloc(0), mark: '' },
  put(6, ''),
  { what: 'post', at: 7, body: Buffer.alloc(0), mark: 'post7' },
  put(8, 'last'),
]

/** Equal timestamps: the file is replaced under its own name, and the greater ETag wins. */
export const TIE: readonly Step[] = ['one', 'two', 'three', 'four']
  .toSorted((left, right) => (md5(left) < md5(right) ? -1 : 1))
  .map((body) => put(1, body))

/** Fields of metadata that are changed one by one, also before what is there already: then its file is written anew. */
export const FACTS: readonly Step[] = [
  put(1, 'body'),
  { what: 'acl', at: 5, body: Buffer.alloc(0), mark: 'acl5' },
  { what: 'post', at: 3, body: Buffer.alloc(0), mark: 'post3' },
  { what: 'tags', at: 4, body: Buffer.alloc(0), mark: 'tags4' },
]

const HEADER = 'x-object-meta-mark'

/** True when the change was acknowledged. */
export async function apply(engine: ObjectEngine, step: Step, name = NAME): Promise<boolean> {
  const timestamp = second(step.at)
  const headers = { [HEADER]: step.mark }
  const updates = (): readonly ContainerUpdate[] => [update(name.slice('/a/c/'.length), timestamp)]
  if (step.what === 'acl' || step.what === 'tags') {
    const fact = FACT_PREFIX + step.what
    const change = { timestamp, headers: { [fact]: step.mark }, fields: [fact], contentType: undefined }
    return (await engine.post(name, { ...change, expired: 'hide', updates: () => [] })).kind === 'changed'
  }
  if (step.what === 'post') {
    const request = { timestamp, headers, contentType: undefined, expired: 'hide' as const, updates }
    return (await engine.post(name, request)).kind === 'changed'
  }
  if (step.what === 'delete') return (await engine.delete(name, { timestamp, updates })).kind === 'changed'
  const writer = engine.beginWrite(name, { hashing: 'md5' })
  if ((await writer.write(step.body)) !== undefined) return false
  const request = { timestamp, etag: md5(step.body), contentType: 'a/b', headers, updates }
  return (await writer.commit(request)).kind === 'changed'
}

/** What the object looks like after the first `count` steps: a text to compare. */
export function expectedAfter(workload: readonly Step[], count: number): string {
  let text = 'missing'
  let body = ''
  let facts = ''
  for (const step of workload.slice(0, count)) {
    if (step.what === 'put') [body, facts] = [md5(step.body), '']
    if (step.what === 'delete') [text, facts] = [`deleted ${step.at}`, '']
    else if (step.what === 'put' || step.what === 'post') text = `found ${step.at} ${body} ${step.mark}`
    else facts += ` ${step.mark}`
  }
  return text + facts
}

/** The same of what is there; the body is read whole. */
export async function seenIn(engine: ObjectEngine, name = NAME): Promise<string> {
  const found = await look(engine, second(1000), name)
  if (found.kind === 'deleted') return `deleted ${Number(found.timestamp) - 1_700_000_000}`
  if (found.kind !== 'found') return found.kind
  const opened = await engine.open(found.object)
  if (opened.kind !== 'open') return opened.kind
  const pieces: Buffer[] = []
  for await (const piece of opened.content.stream(0, found.object.sizeBytes)) pieces.push(piece)
  opened.content.close()
  const at = Number(found.object.timestamp) - 1_700_000_000
  const { headers } = found.object
  const facts = ['acl', 'tags'].flatMap((fact) => headers[FACT_PREFIX + fact] ?? [])
  return ['found', at, md5(Buffer.concat(pieces)), headers[HEADER], ...facts].join(' ')
}
