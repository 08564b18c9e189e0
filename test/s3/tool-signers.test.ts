/** What python3-boto3, python3-boto and s3cmd sign, by both versions of signatures, is let in. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { havePrograms, runWell } from '#test/programs.ts'
import { temporaryDirectory } from '#test/running-cluster.ts'
import { awsEnvironment, s3cmdArguments } from './client-settings.ts'
import { startMemoryDoor } from './memory-door.ts'

const SCRIPT = fileURLToPath(new URL('signers.py', import.meta.url))
/** Debian's own, for which its packages are. */
const PYTHON = '/usr/bin/python3'
const KEYS = 6

function each<Value>(value: Value): readonly Value[] {
  return Array.from({ length: KEYS }, () => value)
}

t.test('boto3 and boto', async (t) => {
  if (!havePrograms(t, PYTHON)) return
  const door = await startMemoryDoor(t)
  await door.signed({ method: 'PUT', target: '/signers' })
  const seen = JSON.parse(await runWell(PYTHON, [SCRIPT], { environment: awsEnvironment(door.url) }))
  const both = { put: each(true), link: each(true), link_put: each(200), form: [201, 400] }
  t.same(seen.s3v4, { ...both, CRC32: true, SHA1: true, SHA256: true }, 'boto3, Version 4')
  t.same(seen.s3, both, 'boto3, Version 2')
  t.same(seen.boto, { put: each(true), link: each(200) }, 'boto')
  t.same(
    seen.sts,
    {
      identity: 'arn:aws:iam::test:user/tester',
      'session s3v4': ['session', 204],
      'session s3': ['session', 204],
      'role s3v4': ['role', 204],
      'role s3': ['role', 204],
    },
    'temporary credentials',
  )
})

for (const signatures of ['v2', 'v4'] as const) {
  t.test(`s3cmd, signatures of ${signatures}`, async (t) => {
    if (!havePrograms(t, 's3cmd')) return
    const door = await startMemoryDoor(t)
    const directory = temporaryDirectory(t)
    const settings = s3cmdArguments(door.url, directory, signatures)
    const [sent, received] = [join(directory, 'sent'), join(directory, 'received')]
    writeFileSync(sent, 'hello')
    const s3cmd = (...args: readonly string[]): Promise<string> => runWell('s3cmd', [...settings, ...args])
    await s3cmd('mb', 's3://signers')
    await s3cmd('put', sent, 's3://signers/a b+ü.txt')
    await s3cmd('get', 's3://signers/a b+ü.txt', received)
    t.equal(readFileSync(received, 'utf8'), 'hello')
    const link = (await s3cmd('signurl', 's3://signers/a b+ü.txt', '+60')).trim()
    t.equal(await (await fetch(link)).text(), 'hello')
  })
}
