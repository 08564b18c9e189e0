import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { diskContract } from './disk-contract.ts'
import { realDisk } from './real-disk.ts'

async function contractBelow(t: Test, parent: string): Promise<void> {
  const directory = await mkdtemp(join(parent, 'martlet-disk-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  let count = 0
  await diskContract(t, async () => {
    count += 1
    await mkdir(join(directory, String(count)))
    return { disk: realDisk, directory: join(directory, String(count)), xattrs: 'supported' }
  })
}

const run = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0

await t.test('on the filesystem of temporary files', (t) => contractBelow(t, tmpdir()))

await t.test('on tmpfs', async (t) => {
  if (!existsSync('/dev/shm')) return void t.pass('runs here', { skip: 'no /dev/shm here' })
  await contractBelow(t, '/dev/shm')
})

await t.test('on XFS by a loop mount', async (t) => {
  const base = await mkdtemp(join(tmpdir(), 'martlet-xfs-'))
  t.teardown(() => rm(base, { recursive: true, force: true }))
  const [image, mount] = [join(base, 'image'), join(base, 'mount')]
  await mkdir(mount)
  const mounted =
    run('truncate', '-s', '320M', image) &&
    run('mkfs.xfs', '-q', image) &&
    run('mount', '-o', 'loop', image, mount)
  if (!mounted) return void t.pass('runs here', { skip: 'not root, or no XFS here' })
  t.teardown(() => run('umount', mount))
  await contractBelow(t, mount)
})

await t.test('on overlayfs', async (t) => {
  const base = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'martlet-overlay-'))
  t.teardown(() => rm(base, { recursive: true, force: true }))
  for (const name of ['lower', 'upper', 'work', 'merged']) await mkdir(join(base, name))
  const options = `lowerdir=${base}/lower,upperdir=${base}/upper,workdir=${base}/work`
  if (!run('mount', '-t', 'overlay', 'overlay', '-o', options, join(base, 'merged'))) {
    return void t.pass('runs here', { skip: 'not root, or no overlayfs here' })
  }
  t.teardown(() => run('umount', join(base, 'merged')))
  await contractBelow(t, join(base, 'merged'))
})
