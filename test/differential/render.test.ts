import t from 'tap'
import { readPage, rendered } from './render.ts'

t.test('docs/swift-compat.md tells the known differences of today', async (t) => {
  t.equal(rendered(readPage()), readPage(), 'else: node test/differential/render.ts')
})

t.test('a page without marks is refused', async (t) => {
  t.throws(() => rendered('nothing'), /marks/)
})
