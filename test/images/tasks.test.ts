/** Tasks as administrators order and list them (OpenStack, "Tasks" in the Image service API v2). */
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import { bufferBody } from '#http/message.ts'
import type { OutsideFetch } from '#http/outside-client.ts'
import { type AskImages, PEOPLE, testImages } from '#images/testing/test-images.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'

const BYTES = randomBytes(30_000)

const web: OutsideFetch = async ({ url }) => {
  const isThere = url.pathname === '/disk.raw'
  return { status: isThere ? 200 : 404, headers: {}, body: bufferBody(isThere ? BYTES : Buffer.alloc(0)) }
}

function images(): { readonly admin: AskImages; readonly user: AskImages } {
  const { as } = testImages({ store: new MemoryStore({ clock: realClock }), deps: { fetch: web } })
  return { admin: as(PEOPLE.admin), user: as(PEOPLE.tester) }
}

const input = (path: string): object => ({
  import_from: `http://images.example/${path}`,
  import_from_format: 'raw',
  image_properties: { name: 'of a task', disk_format: 'raw', container_format: 'bare', colour: 'red' },
})

async function ended(ask: AskImages, id: string): Promise<Record<string, unknown>> {
  for (let tries = 0; tries < 500; tries += 1) {
    const { json } = await ask('GET', `/v2/tasks/${id}`)
    if (json['status'] === 'success' || json['status'] === 'failure') return json
    await realClock.sleep(2)
  }
  throw new Error('the task did not end')
}

void t.test('a task makes an image of what a URI gives', async (t) => {
  const { admin } = images()
  const made = await admin('POST', '/v2/tasks', { body: { type: 'import', input: input('disk.raw') } })
  t.equal(made.status, 201)
  const id = String(made.json['id'])
  t.equal(made.headers['location'], `http://images.example/image/v2/tasks/${id}`)
  t.match(made.json, { type: 'import', status: 'pending', owner: 'admin', result: null, message: '' })
  t.match(made.json, { self: `/v2/tasks/${id}`, schema: '/v2/schemas/task', input: input('disk.raw') })
  t.notOk('expires_at' in made.json)
  const task = await ended(admin, id)
  t.match(task, { status: 'success', expires_at: /^\d{4}-.*Z$/ })
  const { image_id: image } = task['result'] as { readonly image_id: string }
  t.equal(task['image_id'], image)
  const shown = (await admin('GET', `/v2/images/${image}`)).json
  t.match(shown, { status: 'active', name: 'of a task', colour: 'red', size: BYTES.length })
  t.match((await admin('GET', `/v2/images/${image}/tasks`)).json['tasks'], [{ id }])
})

void t.test('one that fails says why, and leaves no image', async (t) => {
  const { admin } = images()
  for (const [wanted, message] of [
    [input('none.raw'), /answers 404/],
    [{ import_from: 'http://images.example/disk.raw' }, /does not contain 'import_from_format' field/],
    [{ ...input('disk.raw'), image_properties: { status: 'active' } }, /read-only/],
  ] as const) {
    const made = await admin('POST', '/v2/tasks', { body: { type: 'import', input: wanted } })
    t.equal(made.status, 201)
    t.match(await ended(admin, String(made.json['id'])), { status: 'failure', message, result: null })
  }
  t.same((await admin('GET', '/v2/images?visibility=all')).json['images'], [])
})

void t.test('what is no task is refused', async (t) => {
  const { admin, user } = images()
  const order = (body: unknown): ReturnType<AskImages> => admin('POST', '/v2/tasks', { body })
  for (const [body, reason] of [
    [{ input: {} }, /Task 'type' is required/],
    [{ type: 'import' }, /Task 'input' is required/],
    [{ type: 'teleport', input: {} }, /schema/],
    [{ type: 'import', input: [] }, /schema/],
    [{ type: 'import', input: input('x'), more: 1 }, /schema/],
    [{ type: 'api_image_import', input: {} }, /api_image_import/],
    [{ type: 'import', input: { ...input('x'), import_from: 'file:///etc/passwd' } }, /File based/],
    [{ type: 'import', input: { ...input('x'), import_from: 'http://2130706433/' } }, /filtering/],
    [{ type: 'import', input: {} }, /Invalid location/],
    [[], /./],
  ] as const) {
    const refused = await order(body)
    t.equal(refused.status, 400, JSON.stringify(body))
    t.match(refused.bytes.toString(), reason)
  }
  t.equal((await user('POST', '/v2/tasks', { body: { type: 'import', input: {} } })).status, 403)
  t.equal((await user('GET', '/v2/tasks')).status, 403)
  const deleted = await admin('DELETE', '/v2/tasks/00000000-0000-4000-8000-000000000000')
  t.equal(deleted.status, 405)
  t.equal(deleted.headers['allow'], 'GET')
  t.equal((await admin('GET', '/v2/tasks/00000000-0000-4000-8000-000000000000')).status, 404)
})

void t.test('tasks are listed without their longer parts, filtered, sorted, by page', async (t) => {
  const { admin } = images()
  const ids: string[] = []
  for (const path of ['disk.raw', 'none.raw', 'disk.raw']) {
    const { json } = await admin('POST', '/v2/tasks', { body: { type: 'import', input: input(path) } })
    ids.push(String(json['id']))
    await ended(admin, String(json['id']))
  }
  const listed = async (query: string): Promise<Record<string, unknown>> =>
    (await admin('GET', `/v2/tasks${query}`)).json
  const idsOf = ({ tasks }: Record<string, unknown>): unknown =>
    (tasks as { id: string }[]).map(({ id }) => id)
  const all = await listed('')
  t.same(idsOf(all), ids.toReversed())
  t.match(all, { first: '/v2/tasks', schema: '/v2/schemas/tasks' })
  const [stub] = all['tasks'] as Record<string, unknown>[]
  t.same(
    new Set(Object.keys(stub ?? {})),
    new Set('id type status owner created_at updated_at expires_at self schema'.split(' ')),
  )
  t.same(idsOf(await listed('?status=failure')), [ids[1]])
  t.same(idsOf(await listed('?type=api_image_import')), [])
  const page = await listed('?limit=2&sort_dir=asc')
  t.same(idsOf(page), ids.slice(0, 2))
  t.equal(page['first'], '/v2/tasks?limit=2&sort_dir=asc')
  t.equal(page['next'], `/v2/tasks?limit=2&sort_dir=asc&marker=${ids[1]}`)
  t.same(idsOf(await listed(String(page['next']).slice('/v2/tasks'.length))), ids.slice(2))
  for (const wrong of 'status=x type=x sort_dir=x sort_key=x limit=x limit=-1 marker=x'.split(' ')) {
    t.equal((await admin('GET', `/v2/tasks?${wrong}`)).status, 400, wrong)
  }
})
