import t from 'tap'
import type { Answer } from './connection.ts'
import { type Operation, objectName, operationsOf, type Plan } from './operations.ts'
import { payloadOf } from './payload.ts'

const PLAN: Plan = {
  kind: 'get',
  host: 'h',
  port: 1,
  token: 'T',
  containerPath: '/v1/AUTH_test/c',
  connections: 1,
  objectBytes: 100,
  objects: 50,
  pageEntries: 10,
  worker: 0,
  workers: 1,
  run: 'r',
  seed: 1,
}

function take(plan: Partial<Plan>, count: number): Operation[] {
  const source = operationsOf({ ...PLAN, ...plan })
  return Array.from({ length: count }, () => source.next()).filter((operation) => operation !== undefined)
}

function pathsOf(operations: readonly Operation[]): string[] {
  return operations.map(({ head }) => head.split(' ')[1] ?? '')
}

function answerWith(etag: string, bodyBytes = 100): Answer {
  return { status: 200, head: `HTTP/1.1 200 OK\r\nEtag: ${etag}\r\n`, bodyBytes }
}

t.test('reads choose among all objects, the same way for the same seed', async (t) => {
  const paths = pathsOf(take({}, 1000))
  t.equal(new Set(paths).size, 50)
  t.same(pathsOf(take({}, 1000)), paths)
  t.notSame(pathsOf(take({ seed: 2 }, 1000)), paths)
})

t.test('workers that fill share the numbers, and a delete follows what was put', async (t) => {
  const filled = pathsOf(take({ kind: 'fill', only: [3, 5] }, 5))
  t.same(filled, [`/v1/AUTH_test/c/${objectName(3)}`, `/v1/AUTH_test/c/${objectName(5)}`])
  const put = pathsOf(take({ kind: 'put', worker: 1, workers: 2 }, 3))
  t.same(pathsOf(take({ kind: 'delete', worker: 1, workers: 2, existing: 3 }, 9)), put)
})

t.test('one in five of the mix is a write', async (t) => {
  const writes = take({ kind: 'mixed' }, 5000).filter(({ method }) => method === 'PUT').length
  t.ok(writes > 900 && writes < 1100, `${writes} of 5000`)
})

t.test('a wrong byte and a short body are complained about, every time', async (t) => {
  const [first, second, third] = take({ objects: 1 }, 3)
  const body = Buffer.from(payloadOf(0, 100).block)
  first?.sink?.(body, 0)
  t.equal(first?.complaint(answerWith(payloadOf(0, 100).md5)), undefined)
  t.match(second?.complaint(answerWith('x', 99)), /differs/)
  body[7] = (body[7] ?? 0) ^ 1
  third?.sink?.(body, 0)
  t.match(third?.complaint(answerWith('x')), /differs/)
})

t.test('a wrong ETag is found in a sample', async (t) => {
  const found = take({ kind: 'head' }, 32).filter(({ complaint }) => complaint(answerWith('x')) !== undefined)
  t.equal(found.length, 2)
})

t.test('a page is checked in a sample', async (t) => {
  const page = take({ kind: 'listing', objects: 11 }, 16).at(-1)
  const names = Array.from({ length: 10 }, (_, at) => ({ name: objectName(at + 1) }))
  page?.sink?.(Buffer.from(JSON.stringify(names)), 0)
  t.equal(page?.complaint(answerWith('')), undefined)
  const other = take({ kind: 'listing', objects: 11 }, 16).at(-1)
  other?.sink?.(Buffer.from(JSON.stringify(names.slice(1))), 0)
  t.match(other?.complaint(answerWith('')), /page of 9/)
})
