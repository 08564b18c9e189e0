/** Patches are read from bodies of any shape; names of properties survive the notation of pointers. */
import fc from 'fast-check'
import t from 'tap'
import { Refusal } from '../refusal.ts'
import { patchDraft, readPatch } from './json-patch.ts'

void t.test('any name that can be a property can be patched', async (t) => {
  const name = fc.string({
    unit: fc.constantFrom('a', 'b', '/', '~', '.', ':', '-'),
    minLength: 1,
    maxLength: 10,
  })
  fc.assert(
    fc.property(name, (property) => {
      const path = `/${property.replaceAll('~', '~0').replaceAll('/', '~1')}`
      const read = readPatch([{ op: 'add', path, value: 'x' }], 'draft_10')
      return !(read instanceof Refusal) && read[0]?.name === property
    }),
  )
  t.pass('for every name')
})

void t.test('nothing that JSON can be makes it fail otherwise than by a refusal', async (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('draft_4' as const, 'draft_10' as const), (body, draft) => {
      const read = readPatch(body, draft)
      return read instanceof Refusal || Array.isArray(read)
    }),
  )
  t.pass('for every body')
})

void t.test('the media type says which notation it is', async (t) => {
  t.equal(patchDraft('application/openstack-images-v2.0-json-patch'), 'draft_4')
  t.equal(patchDraft('application/openstack-images-v2.1-json-patch; charset=utf-8'), 'draft_10')
  const refused = patchDraft('application/json')
  t.ok(refused instanceof Refusal && refused.status === 415 && refused.headers['accept-patch'] !== undefined)
})
