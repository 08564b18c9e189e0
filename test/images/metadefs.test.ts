/** Metadata definitions: a namespace with everything in it, part by part, and who may touch it. */
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import { type AskImages, PEOPLE, testImages } from '#images/testing/test-images.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'

const NAMESPACES = '/v2/metadefs/namespaces'
const WHOLE = {
  namespace: 'OS::Test',
  display_name: 'Test',
  visibility: 'public',
  properties: { colour: { title: 'Colour', type: 'string', enum: ['red', 'blue'] } },
  objects: [{ name: 'thing', properties: { size: { title: 'Size', type: 'integer' } } }],
  tags: [{ name: 'one' }],
  resource_type_associations: [{ name: 'OS::Glance::Image', prefix: 'hw_' }],
}

void t.test('metadata definitions', async (t) => {
  const { as } = testImages({ store: new MemoryStore({ clock: realClock }) })
  const [admin, user] = [as(PEOPLE.admin), as(PEOPLE.tester)]
  const at = (path: string): string => `${NAMESPACES}/OS::Test${path}`

  await t.test('a namespace is made with everything in it, by an administrator', async (t) => {
    t.equal((await user('POST', NAMESPACES, { body: WHOLE })).status, 403)
    const made = await admin('POST', NAMESPACES, { body: WHOLE })
    t.equal(made.status, 201)
    t.match(made.json, { namespace: 'OS::Test', owner: 'admin', protected: false, tags: [{ name: 'one' }] })
    t.equal((await admin('POST', NAMESPACES, { body: WHOLE })).status, 409)
    t.equal((await admin('POST', NAMESPACES, { body: { visibility: 'public' } })).status, 400)
  })

  await t.test('everybody sees it, with the prefix of what it is used for', async (t) => {
    const shown = await user('GET', at('?resource_type=OS::Glance::Image'))
    t.equal(shown.status, 200)
    t.match(shown.json, { properties: { hw_colour: { title: 'Colour' } }, objects: [{ name: 'thing' }] })
    const listed = await user('GET', `${NAMESPACES}?resource_types=OS::Glance::Image&limit=1`)
    t.match(listed.json, {
      namespaces: [{ namespace: 'OS::Test' }],
      schema: '/v2/schemas/metadefs/namespaces',
    })
    t.same((await user('GET', `${NAMESPACES}?resource_types=none`)).json['namespaces'], [])
    t.equal((await user('GET', `${NAMESPACES}/none`)).status, 404)
  })

  await t.test('what is not in the schema, or the server’s to say, is refused', async (t) => {
    const refused = async (path: string, body: object): Promise<number> =>
      (await admin('POST', path, { body })).status
    t.equal(await refused(NAMESPACES, { namespace: 'OS::Odd', nonsense: 1 }), 400)
    t.equal(await refused(NAMESPACES, { namespace: 'OS::Odd', created_at: 'now' }), 403)
    t.equal(await refused(at('/properties'), { name: 'p', title: 'P', type: 'string', nonsense: 1 }), 400)
    t.equal(await refused(at('/objects'), { name: 'o', nonsense: 1 }), 400)
    t.equal(await refused(at('/objects'), { name: 'o', self: '/v2' }), 403)
  })

  await t.test('a property is asked for as a type of resource calls it', async (t) => {
    const status = async (path: string): Promise<number> => (await user('GET', at(path))).status
    t.equal(await status('/properties/hw_colour?resource_type=OS::Glance::Image'), 200)
    t.equal(await status('/properties/colour?resource_type=OS::Glance::Image'), 404)
    t.equal(await status('/properties/colour?resource_type=none'), 404)
  })

  await t.test('tags that are added are told by themselves', async (t) => {
    const headers = { 'X-Openstack-Append': 'true' }
    const added = await admin('POST', at('/tags'), { headers, body: { tags: [{ name: 'more' }] } })
    t.same(added.json, { tags: [{ name: 'more' }] })
    t.equal((await admin('DELETE', at('/tags/more'))).status, 204)
  })

  await t.test('properties, objects and tags come and go one by one', async (t) => {
    const body = { name: 'shape', title: 'Shape', type: 'string' }
    t.equal((await admin('POST', at('/properties'), { body })).status, 201)
    t.equal((await admin('POST', at('/properties'), { body })).status, 409)
    t.equal((await user('POST', at('/properties'), { body })).status, 403)
    t.match((await user('GET', at('/properties/shape'))).json, body)
    const other = { ...body, name: 'form' }
    t.equal((await admin('PUT', at('/properties/shape'), { body: other })).status, 200)
    t.equal((await user('GET', at('/properties/shape'))).status, 404)
    t.equal((await admin('DELETE', at('/properties/form'))).status, 204)
    t.equal((await admin('DELETE', at('/properties/form'))).status, 404)
    t.match((await user('GET', at('/objects/thing'))).json, {
      name: 'thing',
      schema: '/v2/schemas/metadefs/object',
    })
    t.equal((await admin('POST', at('/tags/two'))).status, 201)
    await admin('POST', at('/tags'), {
      body: { tags: [{ name: 'x' }] },
      headers: { 'X-Openstack-Append': 'true' },
    })
    t.same(namesIn((await user('GET', at('/tags?sort_key=name&sort_dir=asc'))).json), ['one', 'two', 'x'])
    await admin('POST', at('/tags'), { body: { tags: [{ name: 'y' }] } })
    t.same(namesIn((await user('GET', at('/tags'))).json), ['y'])
    t.equal((await admin('DELETE', at('/tags'))).status, 204)
    t.same(namesIn((await user('GET', at('/tags'))).json), [])
  })

  await t.test('it is for types of things', async (t) => {
    const body = { name: 'OS::Nova::Flavor', prefix: 'f_' }
    t.equal((await admin('POST', at('/resource_types'), { body })).status, 201)
    t.equal((await admin('POST', at('/resource_types'), { body })).status, 409)
    t.equal((await admin('DELETE', at('/resource_types/OS::Nova::Flavor'))).status, 204)
    const { json } = await user('GET', at('/resource_types'))
    t.match(json, { resource_type_associations: [{ name: 'OS::Glance::Image', prefix: 'hw_' }] })
    t.equal((await user('GET', '/v2/metadefs/resource_types')).status, 200)
  })

  await t.test('a protected one stays, another goes', async (t) => {
    const protect = (isProtected: boolean): ReturnType<AskImages> =>
      admin('PUT', at(''), { body: { namespace: 'OS::Test', visibility: 'private', protected: isProtected } })
    t.equal((await protect(true)).status, 200)
    t.equal((await user('GET', at(''))).status, 404, 'it is private now')
    t.equal((await admin('DELETE', at(''))).status, 403)
    await protect(false)
    t.equal((await admin('DELETE', at(''))).status, 204)
    t.equal((await admin('GET', at(''))).status, 404)
  })

  await t.test('their schemas are told', async (t) => {
    for (const name of ['namespace', 'namespaces', 'property', 'objects', 'tags', 'resource_type']) {
      t.equal((await user('GET', `/v2/schemas/metadefs/${name}`)).status, 200, name)
    }
  })
})

function namesIn(json: Record<string, unknown>): readonly string[] {
  return (json['tags'] as { readonly name: string }[]).map(({ name }) => name)
}
