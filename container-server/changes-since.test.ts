/** What changed in a container since a position: of this replica, and of nothing else. */
import t from 'tap'
import { jsonOf, ts } from '#backend/test-twins.ts'
import { CHANGES_MAX, CHANGES_SINCE_HEADER, CHANGES_SINCE_NOW } from '#base/extensions.ts'
import { type ContainerServerTwin, startContainerServer } from './testing.ts'

interface Told {
  readonly position: string
  readonly changes?: readonly { readonly name: string; readonly etag: string; readonly deleted: boolean }[]
}

async function since(server: ContainerServerTwin, position: string): Promise<Told> {
  return jsonOf(await server.send('GET', '/a/c?format=json', { [CHANGES_SINCE_HEADER]: position })) as Told
}

async function put(server: ContainerServerTwin, name: string, second: number): Promise<void> {
  const row = { 'x-size': '1', 'x-etag': `e${second}`, 'x-content-type': 'text/plain' }
  await server.send('PUT', `/a/c/${name}`, ts(second, row))
}

async function started(): Promise<ContainerServerTwin> {
  const server = await startContainerServer()
  await server.send('PUT', '/a/c', ts(1))
  return server
}

t.test('rows that changed are told, deleted ones too, each once with what it is now', async (t) => {
  const server = await started()
  await put(server, 'before', 2)
  const begun = await since(server, CHANGES_SINCE_NOW)
  t.equal(begun.changes, undefined, 'a beginning')
  t.same((await since(server, begun.position)).changes, [])
  await put(server, 'new', 3)
  await put(server, 'new', 4)
  await server.send('DELETE', '/a/c/before', ts(5))
  const told = await since(server, begun.position)
  t.match(told.changes, [
    { name: 'new', etag: 'e4', deleted: false },
    { name: 'before', deleted: true },
  ])
  t.same(await since(server, told.position), { position: told.position, changes: [] })
})

t.test('a position in another index, or one that never was, is no place to go on from', async (t) => {
  const [server, other] = [await started(), await started()]
  await put(server, 'o', 2)
  const { position } = await since(server, CHANGES_SINCE_NOW)
  const elsewhere = `${'0'.repeat(32)}/1`
  for (const wrong of [elsewhere, 'nonsense', `${position}000`]) {
    t.equal((await since(server, wrong)).changes, undefined, wrong)
  }
  t.equal((await since(other, elsewhere)).changes, undefined)
})

t.test('more changes than an answer has room for are a reason to list', async (t) => {
  const server = await started()
  const { position } = await since(server, CHANGES_SINCE_NOW)
  for (let at = 0; at <= CHANGES_MAX; at += 1) await put(server, `o${at}`, 2)
  const told = await since(server, position)
  t.equal(told.changes, undefined)
  await put(server, 'last', 3)
  t.match((await since(server, told.position)).changes, [{ name: 'last' }])
})
