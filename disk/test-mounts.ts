/** Filesystems of other kinds for tests, where the machine lets us mount them (as root). */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** The smallest image that `mkfs.xfs` accepts is 300 MiB; the file is sparse. */
const XFS_IMAGE_BYTES = '320M'

const run = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** Runs the same tests on every kind of filesystem there is here; says which ones there are not. */
export async function onEveryFilesystem(
  t: Test,
  body: (t: Test, directory: string) => Promise<void>,
): Promise<void> {
  await t.test('on the filesystem of temporary files', (t) => inDirectory(t, tmpdir(), body))
  await t.test('on tmpfs', async (t) => {
    if (!existsSync('/dev/shm')) return void t.pass('runs here', { skip: 'no /dev/shm' })
    await inDirectory(t, '/dev/shm', body)
  })
  await t.test('on XFS by a loop mount', async (t) => {
    const mount = await mountXfs(t)
    if (mount === undefined) return void t.pass('runs here', { skip: 'not root, or no XFS' })
    await body(t, mount)
  })
  await t.test('on overlayfs', async (t) => {
    const mount = await mountOverlay(t)
    if (mount === undefined) return void t.pass('runs here', { skip: 'not root, or no overlayfs' })
    await body(t, mount)
  })
}

async function inDirectory(
  t: Test,
  parent: string,
  body: (t: Test, directory: string) => Promise<void>,
): Promise<void> {
  await body(t, await temporaryDirectory(t, parent))
}

async function temporaryDirectory(t: Test, parent: string): Promise<string> {
  const directory = await mkdtemp(join(parent, 'martlet-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return directory
}

async function mountXfs(t: Test): Promise<string | undefined> {
  const base = await temporaryDirectory(t, tmpdir())
  const [image, mount] = [join(base, 'image'), join(base, 'mount')]
  await mkdir(mount)
  const made = run('truncate', '-s', XFS_IMAGE_BYTES, image) && run('mkfs.xfs', '-q', image)
  if (!made || !run('mount', '-o', 'loop', image, mount)) return undefined
  t.teardown(() => run('umount', mount))
  return mount
}

/** On tmpfs where there is one, because not every filesystem can carry the upper layer. */
async function mountOverlay(t: Test): Promise<string | undefined> {
  const base = await temporaryDirectory(t, existsSync('/dev/shm') ? '/dev/shm' : tmpdir())
  for (const name of ['lower', 'upper', 'work', 'merged']) await mkdir(join(base, name))
  const layers = `lowerdir=${base}/lower,upperdir=${base}/upper,workdir=${base}/work`
  const mount = join(base, 'merged')
  if (!run('mount', '-t', 'overlay', 'overlay', '-o', layers, mount)) return undefined
  t.teardown(() => run('umount', mount))
  return mount
}
