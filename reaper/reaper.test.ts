/** Deleted accounts become empty, whatever stops a pass; others are left alone. */
import t from 'tap'
import { startAccountServer } from '#account-server/testing.ts'
import { timeOf, ts } from '#backend/test-twins.ts'
import { silentLogger } from '#base/log.ts'
import type { ContainerInfo } from '#store/contract.ts'
import type { ContainerName } from '#store/operation.ts'
import type { PassReport } from '#worker/contract.ts'
import type { AccountContent, ContainerPage, NotNow, Removal } from './account-content.ts'
import { createReaper, type ReaperOptions } from './reaper.ts'

/** Containers and their objects, with servers that can be away. */
class ContentTwin implements AccountContent {
  readonly containers = new Map<string, string[]>()
  readonly away = new Set<string>()
  readonly newer = new Set<string>()
  /** When the other primaries say that accounts were deleted. */
  deletedAt: string = timeOf(5)
  onDelete: (object: string) => void = () => {}

  async isDeletedSince(_account: string, deletedAt: string): Promise<boolean> {
    return deletedAt === this.deletedAt
  }

  async objects(
    { container }: ContainerName,
    after: string,
    limit: number,
  ): Promise<ContainerPage | { readonly kind: 'gone' } | NotNow> {
    if (this.away.has(container)) return { kind: 'not_now' }
    const names = this.containers.get(container)
    if (names === undefined) return { kind: 'gone' }
    return {
      kind: 'page',
      container: {} as ContainerInfo,
      names: names.filter((name) => name > after).slice(0, limit),
    }
  }

  async deleteObject({ container }: ContainerName, object: string): Promise<Removal> {
    this.onDelete(object)
    if (this.newer.has(object)) return { kind: 'newer' }
    if (this.away.has(object)) return { kind: 'not_now' }
    this.containers.set(
      container,
      (this.containers.get(container) ?? []).filter((name) => name !== object),
    )
    return { kind: 'deleted' }
  }

  async deleteContainer({ container }: ContainerName): Promise<Removal> {
    if ((this.containers.get(container) ?? []).length > 0) return { kind: 'newer' }
    this.containers.delete(container)
    return { kind: 'deleted' }
  }
}

async function start(options: Partial<ReaperOptions> = {}) {
  const server = await startAccountServer()
  const content = new ContentTwin()
  const report = {
    'x-put-timestamp': timeOf(2),
    'x-delete-timestamp': '0',
    'x-object-count': '2',
    'x-bytes-used': '2',
  }
  for (const account of ['doomed', 'kept']) {
    await server.send('PUT', `/${account}`, ts(1))
    for (const container of ['c', 'd'])
      await server.send('PUT', `/${account}/${container}`, { ...ts(3), ...report })
  }
  await server.send('DELETE', '/doomed', ts(5))
  for (const container of ['c', 'd']) content.containers.set(container, ['x', 'y'])
  const reaper = createReaper({
    clock: server.clock,
    log: silentLogger,
    index: server.device.index,
    isFirst: () => true,
    content,
    ...options,
  })
  const pass = (signal = new AbortController().signal): Promise<PassReport> =>
    reaper.runOnce({ pace: 'full', signal })
  return { server, content, pass }
}

t.test('a deleted account loses its objects and containers, and no other account does', async (t) => {
  const { content, pass } = await start()
  const report = await pass()
  t.same(report.repaired, { objects_deleted: 4, containers_deleted: 2, accounts_emptied: 1 })
  t.equal(content.containers.size, 0)
  t.equal(report.ended, 'complete')
})

t.test('what could not be deleted is deleted by a later pass', async (t) => {
  const { content, pass } = await start()
  content.away.add('c').add('y')
  const first = await pass()
  t.same(first.waiting, { objects: 1, containers: 2 })
  content.away.clear()
  await pass()
  t.equal(content.containers.size, 0)
})

t.test('a pass that is stopped goes on from what is left', async (t) => {
  const { content, pass } = await start({ concurrency: 1 })
  const stopping = new AbortController()
  content.onDelete = () => stopping.abort(new Error('stopped'))
  t.equal((await pass(stopping.signal)).ended, 'stopped')
  t.same(content.containers.get('c'), ['y'])
  t.equal((await pass()).ended, 'complete')
  t.equal(content.containers.size, 0)
})

t.test('an account is left alone for the delay, and by devices that are not its first', async (t) => {
  const delayed = await start({ delaySeconds: 1e9 })
  t.same((await delayed.pass()).waiting, { accounts_delayed: 1 })
  t.equal(delayed.content.containers.size, 2)
  const other = await start({ isFirst: () => false })
  t.same((await other.pass()).found, {})
  t.equal(other.content.containers.size, 2)
})

t.test('nothing is deleted before the primaries of the account agree on when it was', async (t) => {
  const { content, pass } = await start()
  content.deletedAt = timeOf(4)
  const report = await pass()
  t.same(report.waiting, { accounts_not_agreed: 1 })
  t.equal(content.containers.size, 2)
})

t.test('what was written after the account was deleted stays, and is counted', async (t) => {
  const { content, pass } = await start()
  content.newer.add('y')
  t.same((await pass()).waiting, { newer_objects: 2, containers: 2 })
  t.same([...content.containers.values()], [['y'], ['y']])
})
