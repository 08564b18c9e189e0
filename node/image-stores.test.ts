/** Stores of images elsewhere, as an operator writes them down. */
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { type Configuration, readConfiguration, type WrongConfiguration } from './configuration.ts'
import { realEnvironment } from './environment.ts'
import { configuredRegions, configuredStores, networkOf } from './image-stores.ts'
import { imageOptionsOf } from './images-options.ts'

const WRITTEN = `
[images]
file_stores = ["archive=/srv/images"]

[[images.swift_stores]]
name = "faraway"
auth_url = "http://swift.example:8080/auth/v1.0"
auth_version = 1
user = "test:tester"
key = "the key"

[[images.swift_stores]]
name = "keystone"
auth_url = "https://keystone.example/v3"
user = "glance"
key = "the key"
project_name = "service"
large_object_chunk_size = "64 MiB"

[[images.s3_stores]]
name = "bucket"
url = "https://s3.example"
bucket = "images"
access_key = "the access key"
secret_key = "the secret"
bucket_url_format = "virtual"

[[images.glance_regions]]
name = "RegionTwo"
url = "https://other.example/image"
`

function isRight(read: Configuration | WrongConfiguration): read is Configuration {
  return 'settings' in read
}

async function storesOf(toml: string): Promise<readonly string[]> {
  const read = readConfiguration(toml)
  if (!isRight(read)) throw new Error(read.problems.join('\n'))
  const environment = { ...realEnvironment(), clock: realClock, disk: new MemoryDisk().remount() }
  const network = await networkOf(environment, read.settings.images)
  const stores = configuredStores(environment, network, read.settings.images)
  const regions = configuredRegions(network, read.settings.images)
  return [...stores.map(({ id, type }) => `${type} ${id}`), ...regions.map(({ name }) => name)]
}

void t.test('stores and regions are tables, with names and what it takes to reach them', async (t) => {
  t.same(await storesOf(WRITTEN), [
    'file archive',
    'swift faraway',
    'swift keystone',
    's3 bucket',
    'RegionTwo',
  ])
  const { settings } = readConfiguration(WRITTEN) as Configuration
  const { importMethods, cache } = imageOptionsOf(settings, ['AUTH'])
  t.same(importMethods, ['glance-direct', 'web-download', 'copy-image', 'glance-download'])
  t.equal(cache, undefined)
  t.same((readConfiguration('') as Configuration).settings.images.swiftStores, [])
})

void t.test('what is wrong with them is told, without their secrets', async (t) => {
  for (const [wrong, reason] of [
    [WRITTEN.replace('container', 'x').replace('bucket = "images"', ''), /option bucket is missing/],
    [WRITTEN.replace('name = "faraway"', 'name = "far away"'), /option name/],
    [WRITTEN.replace('auth_version = 1', 'auth_versoin = 1'), /did you mean auth_version/],
    [WRITTEN.replace('https://s3.example', 's3.example'), /option url/],
  ] as const) {
    const read = readConfiguration(wrong)
    const problems = isRight(read) ? 'none' : read.problems.join('\n')
    t.match(problems, reason)
    t.notMatch(problems, /the key|the secret/)
  }
  await t.rejects(
    storesOf(WRITTEN.replace('project_name = "service"', '')),
    /keystone needs user, key and project_name/,
  )
  await t.rejects(storesOf(WRITTEN.replace('url = "https://other.example/image"', '')), /RegionTwo needs url/)
})
