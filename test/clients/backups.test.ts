/** Backup tools that speak Swift and S3: what they saved is checked by themselves, restored, and compared byte for byte. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { havePrograms, run, runWell } from '#test/programs.ts'
import { startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { awsEnvironment } from '#test/s3/client-settings.ts'
import { TESTER } from '#test/session.ts'
import { swiftEnvironment } from './client-settings.ts'

t.setTimeout(600_000)

const PASSWORD = 'of the backups'
/** Bytes of one file: several chunks of restic's, more than one volume of duplicity's. */
const LARGE = 3 * 1024 * 1024

/** A few files, one of them large and of bytes that do not compress. */
function makeTree(directory: string): void {
  mkdirSync(join(directory, 'a folder'), { recursive: true })
  writeFileSync(join(directory, 'a folder', 'Übung.txt'), 'text\n'.repeat(1000))
  writeFileSync(join(directory, 'empty'), '')
  const bytes = Buffer.alloc(LARGE)
  for (let at = 0, state = 1; at < LARGE; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes.writeUInt32LE(state, at)
  }
  writeFileSync(join(directory, 'large'), bytes)
}

async function sameTree(t: Test, source: string, restored: string): Promise<void> {
  const { code, stdout } = await run('diff', ['-r', source, restored])
  t.equal(code, 0, stdout.slice(0, 500))
}

t.test('backups are restored as they were', async (t) => {
  if (!havePrograms(t, 'restic', 'duplicity', 'diff')) return
  const { url } = await startCluster(t)
  const home = temporaryDirectory(t)
  const source = join(home, 'source')
  makeTree(source)

  const repositories = {
    Swift: { place: 'swift:restic:/machine', environment: swiftEnvironment(url) },
    S3: { place: `s3:${url}/restic-by-s3/machine`, environment: awsEnvironment(url) },
  }
  for (const [door, { place, environment: ofDoor }] of Object.entries(repositories)) {
    await t.test(`by restic, through ${door}`, async (t) => {
      const environment = {
        ...ofDoor,
        RESTIC_PASSWORD: PASSWORD,
        RESTIC_CACHE_DIR: join(home, `cache-${door}`),
      }
      const restic = (...args: string[]) =>
        runWell('restic', ['-r', place, ...args], { environment, directory: home })
      await restic('init')
      await restic('backup', 'source')
      writeFileSync(join(source, `new-${door}`), 'later')
      await restic('backup', 'source')
      t.match(await restic('check', '--read-data'), /no errors were found/)
      const restored = join(home, `by-restic-${door}`)
      await restic('restore', 'latest', '--target', restored)
      await sameTree(t, source, join(restored, 'source'))
      await restic('forget', '--keep-last', '1', '--prune')
      t.match(await restic('check'), /no errors were found/)
    })
  }

  await t.test('by duplicity', async (t) => {
    // It signs in twice: by its own variables, and for the sizes of what it has stored by those of python-swiftclient.
    const environment = {
      ...swiftEnvironment(url),
      PASSPHRASE: PASSWORD,
      HOME: home,
      SWIFT_AUTHURL: `${url}/auth/v1.0`,
      SWIFT_AUTHVERSION: '1',
      SWIFT_USERNAME: TESTER.user,
      SWIFT_PASSWORD: TESTER.key,
    }
    const duplicity = (...args: string[]) =>
      runWell('duplicity', ['--no-encryption', '--volsize', '1', ...args], { environment })
    await duplicity('full', source, 'swift://duplicity')
    writeFileSync(join(source, 'newer'), 'later still')
    await duplicity('incremental', source, 'swift://duplicity')
    await duplicity('restore', 'swift://duplicity', join(home, 'by-duplicity'))
    await sameTree(t, source, join(home, 'by-duplicity'))
  })
})
