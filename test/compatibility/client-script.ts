/** What a person does with python-swiftclient's `swift` command, from the first upload to the last delete. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { swiftEnvironment } from '#test/clients/client-settings.ts'
import { run, runWell } from '#test/programs.ts'
import { temporaryDirectory } from '#test/running-cluster.ts'
import { until } from '#test/session.ts'

const MIB = 1024 * 1024

/**
 * Uploads, lists, shows, downloads, deletes; leaves nothing behind. `settle` makes storage servers report container
 * statistics where they do so only now and then.
 */
export async function useClient(t: Test, url: string, settle: () => Promise<unknown>): Promise<void> {
  const environment = swiftEnvironment(url)
  const directory = temporaryDirectory(t)
  const swift = (...args: string[]): Promise<string> => runWell('swift', args, { environment, directory })
  makeTree(join(directory, 'tree'))

  await swift('post', '-m', 'Colour:grey', 'box')
  await swift('upload', 'box', 'tree')
  const names = ['tree/large', 'tree/one', 'tree/zwei', 'tree/sub dir/drei ü']
  const listed = async (...args: string[]): Promise<string[]> =>
    (await swift('list', ...args, 'box')).trim().split('\n').toSorted()
  t.same(await listed(), names.toSorted(), 'everything that was uploaded is listed')
  t.same(
    await listed('--prefix', 'tree/', '--delimiter', '/'),
    ['tree/large', 'tree/one', 'tree/sub dir/', 'tree/zwei'],
    'with a delimiter, the level below the prefix',
  )
  t.match(await swift('stat', 'box'), /Objects: 4\n[^]*Meta Colour: grey/)
  t.match(await swift('stat', 'box', 'tree/large'), new RegExp(`Content Length: ${5 * MIB}\\n`))

  await swift('post', '-m', 'Season:winter', 'box', 'tree/one')
  t.match(await swift('stat', 'box', 'tree/one'), /Meta Season: winter/)
  await swift('post', '-m', 'Owner:jay')
  await settle()
  await until(t, 'the account counts what was uploaded', async () => {
    const printed = await swift('stat')
    return /Meta Owner: jay/.test(printed) && /Objects: 4\n/.test(printed) && /Containers: 1\n/.test(printed)
  })

  await swift('download', '--output-dir', 'back', 'box')
  const { code, stdout } = await run('diff', ['-r', join(directory, 'tree'), join(directory, 'back/tree')])
  t.equal(code, 0, `what was downloaded is what was uploaded ${stdout}`)

  await swift('delete', 'box', 'tree/one')
  t.not((await run('swift', ['stat', 'box', 'tree/one'], { environment })).code, 0)
  await swift('delete', 'box')
  t.equal((await swift('list')).trim(), '')
}

function makeTree(path: string): void {
  mkdirSync(join(path, 'sub dir'), { recursive: true })
  writeFileSync(join(path, 'one'), 'one')
  writeFileSync(join(path, 'zwei'), '')
  writeFileSync(join(path, 'sub dir/drei ü'), randomBytes(70_000))
  writeFileSync(join(path, 'large'), randomBytes(5 * MIB))
}
