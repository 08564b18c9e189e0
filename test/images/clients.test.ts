/**
 * Real clients against a running cluster: `openstack image`, `glance`, and `martlet image upload`. They come with a token and the address of the registry.
 */
import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { havePrograms, run, runWell } from '#test/programs.ts'
import { MARTLET, type RunningCluster, startCluster, temporaryDirectory } from '#test/running-cluster.ts'

// Each call of these clients takes seconds on a busy machine.
t.setTimeout(600_000)

const FILE_BYTES = 3_000_000

interface Clients {
  readonly directory: string
  readonly openstack: (...args: string[]) => Promise<string>
  /** Several commands in one start; throws when it complains. */
  readonly openstackSession: (commands: readonly string[]) => Promise<void>
  readonly glance: (...args: string[]) => Promise<string>
  readonly martlet: (...args: string[]) => Promise<string>
}

async function tokenOf(cluster: RunningCluster, user: string, key: string): Promise<string> {
  const signedIn = await fetch(`${cluster.url}/auth/v1.0`, {
    headers: { 'X-Auth-User': user, 'X-Auth-Key': key },
  })
  return signedIn.headers.get('x-auth-token') ?? ''
}

function clientsOf(t: Test, cluster: RunningCluster): Clients {
  const directory = temporaryDirectory(t)
  const environment = {
    HOME: directory,
    OS_AUTH_URL: `${cluster.url}/identity/v3`,
    OS_IDENTITY_API_VERSION: '3',
    OS_USERNAME: 'tester',
    OS_PASSWORD: 'testing',
    OS_PROJECT_NAME: 'test',
    OS_USER_DOMAIN_ID: 'default',
    OS_PROJECT_DOMAIN_ID: 'default',
  }
  const swift = { ST_AUTH: `${cluster.url}/auth/v1.0`, ST_USER: 'test:tester', ST_KEY: 'testing' }
  return {
    directory,
    openstack: (...args) => runWell('openstack', args, { environment }),
    openstackSession: async (commands) => {
      const input = Buffer.from(`${commands.join('\n')}\n`)
      const { stderr } = await run('openstack', [], { environment, input })
      if (stderr.trim() !== '') throw new Error(stderr)
    },
    glance: (...args) => runWell('glance', args, { environment }),
    martlet: (...args) => runWell(process.execPath, [MARTLET, 'image', ...args], { environment: swift }),
  }
}

function sha512(bytes: Buffer): string {
  return createHash('sha512').update(bytes).digest('hex')
}

/** What `qemu-img` calls it, its options, and what the registry does. */
const FORMATS: readonly (readonly [tool: string, options: string, name: string])[] = [
  ['raw', 'preallocation=off', 'raw'],
  ['qcow2', 'compat=0.10', 'qcow2'],
  ['qcow2', 'compat=1.1,lazy_refcounts=on', 'qcow2'],
  ['vmdk', 'subformat=monolithicSparse', 'vmdk'],
  ['vmdk', 'subformat=streamOptimized', 'vmdk'],
  ['vpc', 'subformat=dynamic,force_size=on', 'vhd'],
  ['vpc', 'subformat=fixed,force_size=on', 'vhd'],
  ['vhdx', 'subformat=dynamic', 'vhdx'],
  ['vdi', 'static=off', 'vdi'],
  ['parallels', 'cluster_size=1M', 'ploop'],
]
const VIRTUAL_BYTES = 8 * 1024 * 1024
const LUKS_SECRET = ['--object', 'secret,id=s,data=secret', '-o', 'key-secret=s,iter-time=10']

/** All by `openstack`, in one start of it; what that does not know, by `glance`. */
async function uploadFormats(
  t: Test,
  cluster: RunningCluster,
  { directory, ...clients }: Clients,
): Promise<void> {
  const files = FORMATS.map(([tool, , name], at) => ({ path: join(directory, `${at}.${tool}`), name }))
  for (const [at, [tool, options]] of FORMATS.entries()) {
    const path = files[at]?.path ?? ''
    await runWell('qemu-img', ['create', '-q', '-f', tool, '-o', options, path, String(VIRTUAL_BYTES)])
  }
  const commands = files.map(
    ({ path, name }) => `image create --disk-format ${name} --container-format bare --file ${path} ${path}`,
  )
  await clients.openstackSession(commands)
  const luks = join(directory, 'disk.luks')
  await runWell('qemu-img', ['create', '-q', '-f', 'luks', ...LUKS_SECRET, luks, String(VIRTUAL_BYTES)])
  const bare = ['--container-format', 'bare', '--file', luks]
  await clients.glance('image-create', '--name', luks, '--disk-format', 'luks', ...bare)

  const token = await tokenOf(cluster, 'test:tester', 'testing')
  const listed = await fetch(`${cluster.url}/image/v2/images?limit=100`, {
    headers: { 'X-Auth-Token': token },
  })
  const { images } = (await listed.json()) as { readonly images: readonly Record<string, unknown>[] }
  for (const { path, name } of [...files, { path: luks, name: 'luks' }]) {
    const image = images.find((one) => one['name'] === path)
    const bytes = readFileSync(path)
    t.match(image, { status: 'active', disk_format: name, size: bytes.length, os_hash_value: sha512(bytes) })
    if (name !== 'ploop') t.equal(image?.['virtual_size'], VIRTUAL_BYTES, name)
  }
  for (const { id } of images)
    await fetch(`${cluster.url}/image/v2/images/${String(id)}`, {
      method: 'DELETE',
      headers: { 'X-Auth-Token': token },
    })
}

const programs = ['openstack', 'glance', 'qemu-img']

void t.test('real clients', { skip: !havePrograms(t, ...programs) }, async (t) => {
  const certificates = temporaryDirectory(t)
  const plugins = 'image_import_plugins = ["image_decompression", "image_conversion"]'
  const config = `[images]\ncertificates_directory = "${certificates}"\n${plugins}\n`
  const cluster = await startCluster(t, { config })
  const clients = clientsOf(t, cluster)
  const { directory, openstack, glance, martlet } = clients

  await t.test('openstack: create, change, show, save and delete', async (t) => {
    const path = join(directory, 'disk.qcow2')
    await runWell('qemu-img', ['create', '-q', '-f', 'qcow2', path, '64M'])
    await openstack('image', 'create', '--disk-format', 'qcow2', '--file', path, '--property', 'a:b=c', 'q')
    await openstack('image', 'set', '--property', 'colour=red', '--tag', 'fine', '--min-disk', '3', 'q')
    const shown = JSON.parse(await openstack('image', 'show', 'q', '-f', 'json')) as Record<string, unknown>
    t.match(shown, { status: 'active', disk_format: 'qcow2', min_disk: 3, tags: ['fine'] })
    t.match(shown['properties'], { 'a:b': 'c', colour: 'red', os_hash_value: sha512(readFileSync(path)) })
    const saved = join(directory, 'saved')
    await openstack('image', 'save', '--file', saved, 'q')
    t.ok(readFileSync(saved).equals(readFileSync(path)))
    await openstack('image', 'delete', 'q')
    t.equal((await openstack('image', 'list', '-f', 'value')).trim(), '')
  })

  await t.test('glance: create, download, share, delete', async (t) => {
    const path = join(directory, 'data')
    const bytes = randomBytes(FILE_BYTES)
    writeFileSync(path, bytes)
    const table = await glance(
      'image-create',
      '--name',
      'g',
      '--disk-format',
      'raw',
      '--container-format',
      'bare',
      '--file',
      path,
    )
    const id = /\| id +\| (\S+)/.exec(table)?.[1] ?? ''
    t.match(table, sha512(bytes).slice(0, 40))
    const saved = join(directory, 'again')
    await glance('image-download', '--file', saved, id)
    t.ok(readFileSync(saved).equals(bytes))
    t.match(await glance('member-create', id, 'test2'), /pending/)
    await glance('image-delete', id)
  })

  await t.test('every format that qemu-img makes', (t) => uploadFormats(t, cluster, clients))

  await t.test('martlet image upload goes on by itself', async (t) => {
    const path = join(directory, 'big.qcow2')
    await runWell('qemu-img', ['create', '-q', '-f', 'qcow2', path, '1G'])
    const id = (await martlet('upload', path, '--property', 'colour=red')).trim()
    const token = await tokenOf(cluster, 'test:tester', 'testing')
    const headers = { 'X-Auth-Token': token }
    const image = (await (await fetch(`${cluster.url}/image/v2/images/${id}`, { headers })).json()) as object
    t.match(image, {
      status: 'active',
      disk_format: 'qcow2',
      virtual_size: 1024 ** 3,
      os_hash_value: sha512(readFileSync(path)),
      colour: 'red',
    })
  })

  await t.test('martlet image export and adopt share bytes with objects', async (t) => {
    const path = join(directory, 'shared')
    const bytes = randomBytes(FILE_BYTES)
    writeFileSync(path, bytes)
    const id = (await martlet('upload', path, '--disk-format', 'raw')).trim()
    const headers = { 'X-Auth-Token': await tokenOf(cluster, 'test:tester', 'testing') }
    const container = `${cluster.url}/v1/AUTH_test/disks`
    await fetch(container, { method: 'PUT', headers })
    t.equal((await martlet('export', id, 'disks/a disk')).trim(), 'swift://AUTH_test/disks/a%20disk')
    await fetch(`${cluster.url}/image/v2/images/${id}`, { method: 'DELETE', headers })
    const object = await fetch(`${container}/a%20disk`, { headers })
    t.equal(sha512(Buffer.from(await object.arrayBuffer())), sha512(bytes))
    await fetch(`${container}/plain`, { method: 'PUT', headers, body: bytes })
    const adopted = (await martlet('adopt', 'disks/plain', '--name', 'adopted')).trim()
    t.equal((await fetch(`${container}/plain`, { method: 'DELETE', headers })).status, 409)
    const image = await fetch(`${cluster.url}/image/v2/images/${adopted}/file`, { headers })
    t.equal(sha512(Buffer.from(await image.arrayBuffer())), sha512(bytes))
  })

  /** Asks the registry as `tester`. */
  const ask = async (method: string, path: string, body?: object | Buffer): Promise<Response> => {
    const isBytes = Buffer.isBuffer(body)
    const headers = {
      'X-Auth-Token': await tokenOf(cluster, 'test:tester', 'testing'),
      'Content-Type': isBytes ? 'application/octet-stream' : 'application/json',
    }
    const sent = body === undefined ? {} : { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }
    return await fetch(`${cluster.url}/image/v2/images${path}`, { method, headers, ...sent })
  }

  await t.test('an import is converted', async (t) => {
    const path = join(directory, 'imported.qcow2')
    await runWell('qemu-img', ['create', '-q', '-f', 'qcow2', path, '8M'])
    const made = await ask('POST', '', { name: 'i', disk_format: 'qcow2', container_format: 'bare' })
    const { id } = (await made.json()) as { readonly id: string }
    t.equal((await ask('PUT', `/${id}/stage`, readFileSync(path))).status, 204)
    t.equal((await ask('POST', `/${id}/import`, { method: { name: 'glance-direct' } })).status, 202)
    let image: Record<string, unknown> = { status: 'importing' }
    for (let tries = 0; tries < 600 && image['status'] === 'importing'; tries += 1) {
      await sleep(100)
      image = (await (await ask('GET', `/${id}`)).json()) as Record<string, unknown>
    }
    t.match(image, { status: 'active', disk_format: 'raw', size: 8 * 1024 * 1024 })
  })

  await t.test('openstack: a signed image is verified', async (t) => {
    const certificateId = '0123abcd-0123-4567-89ab-0123456789ab'
    const golden = new URL('../../images/signatures/testdata/signatures.json', import.meta.url)
    const { data, cases } = JSON.parse(readFileSync(golden, 'utf8')) as {
      readonly data: string
      readonly cases: readonly [Readonly<Record<string, string>>]
    }
    const [{ certificate = '', signature, hashMethod, keyType }] = cases
    writeFileSync(join(certificates, `${certificateId}.pem`), certificate)
    const path = join(directory, 'signed')
    writeFileSync(path, Buffer.from(data, 'base64'))
    const signed = {
      img_signature: signature,
      img_signature_hash_method: hashMethod,
      img_signature_key_type: keyType,
      img_signature_certificate_uuid: certificateId,
    }
    const properties = Object.entries(signed).flatMap(([name, value]) => ['--property', `${name}=${value}`])
    await openstack('image', 'create', ...properties, '--file', path, 'signed')
    t.match(await (await ask('GET', '?name=signed')).json(), { images: [{ status: 'active' }] })
    const forged = { ...signed, name: 'forged', disk_format: 'raw', container_format: 'bare' }
    const { id } = (await (await ask('POST', '', forged)).json()) as { readonly id: string }
    t.equal((await ask('PUT', `/${id}/file`, Buffer.from('other bytes'))).status, 400)
    t.match(await (await ask('GET', `/${id}`)).json(), { status: 'queued' })
  })

  const canRunNova = spawnSync('/usr/bin/python3', ['-c', 'import nova.image.glance']).status === 0
  const skip = canRunNova || process.env['MARTLET_CI'] === '1' ? false : 'python3-nova is not installed'

  await t.test('the image code of Nova', { skip }, async (t) => {
    const script = fileURLToPath(new URL('./nova/image_code.py', import.meta.url))
    const token = await tokenOf(cluster, 'test2:tester2', 'testing2')
    const printed = await runWell('/usr/bin/python3', [
      script,
      `${cluster.url}/image`,
      token,
      'test2',
      directory,
    ])
    const result = JSON.parse(printed.trim().split('\n').at(-1) ?? '') as Record<string, unknown>
    t.match(result, {
      created: 'queued',
      updated: { status: 'active', size: 1_000_000, disk_format: 'raw' },
      properties: { 'hw:numa.nodes': '2', bdm_v2: 'True', ramdisk_id: 'None', image_type: 'snapshot' },
      purged: ['bdm_v2'],
      same: true,
      empty: { status: 'active', size: 0 },
      mapping: [{ boot_index: 0 }],
      listed: ['kept', 'volume'],
      deleted: 'ImageNotFound',
    })
  })

  await t.test('what is nobody’s any more is swept up', async (t) => {
    const swept = await runWell(process.execPath, [MARTLET, 'image', 'sweep', '--data', cluster.dataPath])
    t.match(swept, /removed: 0/)
    t.match(
      await runWell(process.execPath, [MARTLET, 'image', 'rebuild', '--data', cluster.dataPath]),
      /made: 0/,
    )
  })
})
