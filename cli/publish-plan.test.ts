import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { errorSuffixOf, openedReadAcl, planOf, type Upload } from './publish-plan.ts'
import { factsOf, filesBelow } from './site-files.ts'
import type { ListedObject } from './swift-account.ts'

function upload(name: string, etag = 'e', contentType = 'text/plain'): Upload {
  return { file: { name, path: name, sizeBytes: 1 }, facts: { etag, sizeBytes: 1, contentType } }
}

function listed(name: string, hash = 'e', content_type = 'text/plain'): ListedObject {
  return { name, hash, bytes: 1, content_type }
}

function folder(t: Test, files: Readonly<Record<string, string | Buffer>>): string {
  const path = mkdtempSync(join(tmpdir(), 'martlet-site-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true })
    writeFileSync(join(path, name), content)
  }
  return path
}

t.test('what has the same bytes and the same type is not sent again', async (t) => {
  const local = [upload('same'), upload('other bytes', 'new'), upload('other type'), upload('new')]
  const there = [listed('same'), listed('other bytes'), listed('other type', 'e', 'text/html')]
  const plan = planOf(local, there)
  t.strictSame(
    plan.uploads.map(({ file }) => file.name),
    ['other bytes', 'other type', 'new'],
  )
  t.equal(plan.unchanged, 1)
})

t.test('a type is the same however its parameters are spaced', async (t) => {
  const page = upload('a.html', 'e', 'text/html; charset=utf-8')
  t.equal(planOf([page], [listed('a.html', 'e', 'text/html;charset=utf-8')]).unchanged, 1)
  t.equal(planOf([page], [listed('a.html', 'e', 'text/html')]).unchanged, 0)
})

t.test('pages come last, and go first', async (t) => {
  const plan = planOf([upload('a.html'), upload('b.css'), upload('c.HTM'), upload('d.js')], [])
  t.strictSame(
    plan.uploads.map(({ file }) => file.name),
    ['b.css', 'd.js', 'a.html', 'c.HTM'],
  )
  const gone = planOf([upload('kept')], [listed('a.css'), listed('b.html'), listed('kept')])
  t.strictSame(gone.surplus, ['b.html', 'a.css'])
})

t.test('error pages are found by their usual names', async (t) => {
  t.equal(errorSuffixOf(['index.html', '404.html']), '.html')
  t.equal(errorSuffixOf(['404error.html']), 'error.html')
  t.equal(errorSuffixOf(['index.html', 'sub/404.html']), undefined)
})

t.test('a site is opened to everybody beside those who were let in before', async (t) => {
  t.equal(openedReadAcl('', 'hidden'), '.r:*')
  t.equal(openedReadAcl('', 'shown'), '.r:*,.rlistings')
  t.equal(openedReadAcl('other:user,.r:*', 'shown'), 'other:user,.r:*,.rlistings')
})

t.test('a folder is read without what is hidden', async (t) => {
  const path = folder(t, {
    'b/c.txt': 'c',
    'a.html': 'a',
    '.env': 'secret',
    '.git/config': 'secret',
    '.well-known/security.txt': 'x',
  })
  symlinkSync(join(path, 'nowhere'), join(path, 'broken'))
  symlinkSync(join(path, 'a.html'), join(path, 'link.html'))
  const { files, leftOut } = await filesBelow(path)
  t.strictSame(
    files.map(({ name }) => name),
    ['.well-known/security.txt', 'a.html', 'b/c.txt', 'link.html'],
  )
  t.strictSame(leftOut, ['.env', '.git', 'broken'])
})

t.test('types say what the bytes are', async (t) => {
  const path = folder(t, {
    'a.html': '<p>\u00fc</p>',
    'b.txt': Buffer.from([0xfc]),
    'c.svg': '<svg/>',
    'd.webmanifest': '{}',
    'e.unheard-of': 'x',
    'f.css': Buffer.concat([Buffer.from('\u00fc'), Buffer.from([0xc3])]),
    'g.js': '',
  })
  const { files } = await filesBelow(path)
  const facts = await Promise.all(files.map(factsOf))
  t.strictSame(
    facts.map(({ contentType }) => contentType),
    [
      'text/html; charset=utf-8',
      'text/plain',
      'image/svg+xml',
      'application/manifest+json',
      'application/octet-stream',
      'text/css',
      'text/javascript; charset=utf-8',
    ],
  )
  t.equal(facts[0]?.sizeBytes, 9)
})
