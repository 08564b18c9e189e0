/** rclone against a running cluster: mirrors a tree there and back, comparing checksums. */
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { havePrograms, run, runWell } from '#test/programs.ts'
import { startCluster, temporaryDirectory } from '#test/running-cluster.ts'
import { rcloneEnvironment } from './client-settings.ts'

t.setTimeout(600_000)

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))
const TREE = 'prismjs'

t.test('rclone', async (t) => {
  if (!havePrograms(t, 'rclone', 'diff')) return
  const { url } = await startCluster(t)
  const environment = rcloneEnvironment(url)
  const rclone = (...args: string[]): Promise<string> => runWell('rclone', args, { environment })
  const source = join(temporaryDirectory(t), 'source')
  cpSync(join(MODULES, TREE), source, { recursive: true })

  await t.test('mirrors a tree to the cluster', async (t) => {
    await rclone('sync', '--checksum', '--transfers', '16', source, 'martlet:mirror/tree')
    await rclone('check', '--checkers', '16', source, 'martlet:mirror/tree')
    const files = readdirSync(source, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    )
    const listed = await rclone('lsf', '-R', '--files-only', 'martlet:mirror/tree')
    t.equal(listed.trim().split('\n').length, files.length)
  })

  await t.test('mirrors it back', async (t) => {
    const target = temporaryDirectory(t)
    await rclone('sync', '--checksum', '--transfers', '16', 'martlet:mirror/tree', target)
    const { code, stdout } = await run('diff', ['-r', source, target])
    t.equal(code, 0, stdout.slice(0, 500))
  })

  await t.test('mirrors changes and removals', async (t) => {
    writeFileSync(join(source, 'new file, with a comma.txt'), 'new')
    rmSync(join(source, 'themes'), { recursive: true })
    await rclone('sync', '--checksum', '--transfers', '16', source, 'martlet:mirror/tree')
    await rclone('check', source, 'martlet:mirror/tree')
    t.notMatch(await rclone('lsf', '-R', 'martlet:mirror/tree'), /^themes\//m)
  })

  await t.test('removes everything', async (t) => {
    await rclone('purge', 'martlet:mirror')
    t.equal(await rclone('lsf', 'martlet:'), '')
  })
})
