/** Goal: `docs/verification.md` names only what is there, so that nobody looks for a test that was renamed. */
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** A path with a folder in it; `NAME` stands for something. */
const FILE = /`([\w-]+\/[\w./{},*-]*)`/g

t.test('every file that is said to show something is there', async (t) => {
  const page = readFileSync(new URL('../docs/verification.md', import.meta.url), 'utf8')
  const named = [...page.matchAll(FILE)].map(([, path = '']) => path).filter((path) => !path.includes('NAME'))
  t.ok(named.length > 100)
  t.same(
    named.filter((path) => globSync(path, { cwd: ROOT }).length === 0),
    [],
  )
})
