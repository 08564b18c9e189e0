/**
 * Goal: imports give an image the format that the site wants, and nothing that is dangerous, broken or too large gets through or
 * stays behind. Method: the real `qemu-img` under its limits, over the store in memory; and a program that misbehaves.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import type { FilesystemSpace } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { realDisk } from '#disk/real-disk.ts'
import type { ProgramEnd, RunProgram } from '#images/conversion/program.ts'
import { QemuConverter } from '#images/conversion/qemu-converter.ts'
import { type AskImages, createImage, PEOPLE, testImages } from '#images/testing/test-images.ts'
import { programsUnderLimits } from '#node/run-program.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'
import { havePrograms, runWell } from '#test/programs.ts'
import { temporaryDirectory } from '#test/running-cluster.ts'
import { importing } from './importing.ts'

// A busy machine takes its time over each of the programs.
t.setTimeout(600_000)

const MIB = 1024 * 1024
const DISK = Buffer.concat([randomBytes(MIB), Buffer.alloc(6 * MIB), randomBytes(MIB)])
const OCTETS = { 'Content-Type': 'application/octet-stream' }

interface Scene {
  readonly ask: AskImages
  /** Of the files of conversions. */
  readonly scratch: string
  readonly directory: string
}

interface SceneOptions {
  readonly run?: RunProgram
  readonly diskBytes?: number
  /** Room in the directory of the files, bytes; all that the disk has without it. */
  readonly room?: () => number
}

function scene(
  t: Test,
  { run = programsUnderLimits(realClock), diskBytes = 100 * MIB, room }: SceneOptions = {},
): Scene {
  const [scratch, directory] = [temporaryDirectory(t), temporaryDirectory(t)]
  const converter = new QemuConverter({
    disk: room === undefined ? realDisk : { ...realDisk, space: async () => spaceOf(room()) },
    random: { bytes: randomBytes, below: () => 0 },
    clock: realClock,
    log: silentLogger,
    run,
    directory: scratch,
    longestMs: 60_000,
    diskBytes,
  })
  const { as } = testImages({
    store: new MemoryStore({ clock: realClock }),
    options: { imports: { plugins: ['image_decompression', 'image_conversion'], outputFormat: 'raw' } },
    deps: { converter },
  })
  return { ask: as(PEOPLE.tester), scratch, directory }
}

function spaceOf(freeBytes: number): FilesystemSpace {
  return { totalBytes: 100 * MIB, freeBytes, freeInodes: 1000, readOnly: false }
}

/** The image after its import. */
async function imported(
  { ask }: Scene,
  bytes: Buffer,
  more: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const id = await createImage(ask, more)
  const staged = await ask('PUT', `/v2/images/${id}/stage`, { body: bytes, headers: OCTETS })
  if (staged.status !== 204) return { status: staged.status }
  await importing(ask, id, { name: 'glance-direct' })
  for (let tries = 0; tries < 1000; tries += 1) {
    const { json } = await ask('GET', `/v2/images/${id}`)
    if (json['status'] !== 'importing') return json
    await realClock.sleep(50)
  }
  throw new Error('the import did not end')
}

async function bytesOf({ ask }: Scene, { id }: Record<string, unknown>): Promise<Buffer> {
  return (await ask('GET', `/v2/images/${String(id)}/file`)).bytes
}

async function converted({ directory }: Scene, format: string): Promise<Buffer> {
  const [raw, path] = [join(directory, 'raw'), join(directory, format)]
  writeFileSync(raw, DISK)
  await runWell('qemu-img', ['convert', '-f', 'raw', '-O', format, raw, path])
  return readFileSync(path)
}

void t.test('disks of every format become raw', { skip: !havePrograms(t, 'qemu-img') }, async (t) => {
  const here = scene(t)
  for (const [format, name] of [
    ['qcow2', 'qcow2'],
    ['vmdk', 'vmdk'],
    ['vdi', 'vdi'],
    ['vpc', 'vhd'],
  ] as const) {
    const image = await imported(here, await converted(here, format), { disk_format: name })
    t.match(image, { status: 'active', disk_format: 'raw', container_format: 'bare' }, name)
    const bytes = await bytesOf(here, image)
    t.ok(bytes.subarray(0, DISK.length).equals(DISK), `${name} is the same disk`)
    t.equal(image['size'], bytes.length)
    t.equal(image['os_hash_value'], createHash('sha512').update(bytes).digest('hex'))
  }
  t.same(readdirSync(here.scratch), [], 'no file is left')
})

void t.test('what is compressed is unpacked first', { skip: !havePrograms(t, 'qemu-img') }, async (t) => {
  const here = scene(t)
  const raw = await imported(here, gzipSync(DISK), { disk_format: 'raw' })
  t.match(raw, { status: 'active', disk_format: 'raw', size: DISK.length })
  t.ok((await bytesOf(here, raw)).equals(DISK))
  const qcow2 = await imported(here, gzipSync(await converted(here, 'qcow2')), { disk_format: 'qcow2' })
  t.match(qcow2, { status: 'active', disk_format: 'raw', virtual_size: DISK.length })
  t.ok((await bytesOf(here, qcow2)).equals(DISK))
  const packed = gzipSync(DISK)
  const kept = await imported(here, packed, { disk_format: 'raw', container_format: 'compressed' })
  t.match(kept, { status: 'active', size: packed.length }, 'what is to be compressed stays so')
  t.match(await imported(here, packed.subarray(0, -9), { disk_format: 'raw' }), { status: 'queued' })
})

void t.test(
  'dangerous and wrong disks are not converted',
  { skip: !havePrograms(t, 'qemu-img') },
  async (t) => {
    const here = scene(t)
    const backed = join(here.directory, 'backed')
    await converted(here, 'qcow2')
    await runWell('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', 'raw', backed])
    t.match(await imported(here, readFileSync(backed), { disk_format: 'qcow2' }), { status: 415 })
    const hidden = gzipSync(readFileSync(backed))
    t.match(await imported(here, hidden, { disk_format: 'qcow2' }), { status: 'queued' }, 'nor when packed')
    t.match(await imported(here, gzipSync(DISK), { disk_format: 'qcow2' }), { status: 'queued' })
    const small = scene(t, { diskBytes: MIB })
    t.match(await imported(small, await converted(here, 'qcow2'), { disk_format: 'qcow2' }), {
      status: 'queued',
    })
    t.same([...readdirSync(here.scratch), ...readdirSync(small.scratch)], [])
  },
)

/** What `qemu-img info` says of a disk. */
function told(format: string, more: object = {}): ProgramEnd {
  const output = JSON.stringify({ format, 'virtual-size': MIB, ...more })
  return { kind: 'ended', code: 0, errors: '', output }
}

/** Has the mark of one, and nothing else. */
const VDI = Buffer.alloc(1024)
VDI.writeUInt32LE(0xbeda107f, 64)
VDI.writeUInt32LE(0x00010001, 68)

void t.test('a program that fails, lies, or is not there, makes no image', async (t) => {
  const ends: readonly (readonly ProgramEnd[])[] = [
    [{ kind: 'missing' }],
    [{ kind: 'killed', by: 'SIGKILL' }],
    [told('raw')],
    [told('vdi', { 'backing-filename': '/etc/passwd' })],
    [told('vdi', { 'format-specific': { data: { 'data-file': '/etc/passwd' } } })],
    [{ kind: 'ended', code: 0, output: 'no JSON', errors: '' }],
    [told('vdi'), { kind: 'ended', code: 1, output: '', errors: 'No space left on device' }],
    [told('vdi'), { kind: 'killed', by: 'SIGXFSZ' }],
  ]
  for (const answers of ends) {
    const left = [...answers]
    const here = scene(t, { run: async () => left.shift() ?? { kind: 'missing' } })
    t.match(await imported(here, VDI, { disk_format: 'vdi' }), { status: 'queued' })
    t.same(left, [])
    t.same(readdirSync(here.scratch), [])
  }
})

void t.test('a program is held to its limits', async (t) => {
  const run = programsUnderLimits(realClock)
  const limits = { memoryBytes: 512 * MIB, cpuSeconds: 5, fileBytes: MIB, wallMs: 60_000 }
  t.match(await run({ program: 'no-such-program', args: [], limits }), { kind: 'missing' })
  t.match(await run({ program: 'sleep', args: ['60'], limits: { ...limits, wallMs: 50 } }), {
    kind: 'killed',
  })
  const target = join(temporaryDirectory(t), 'large')
  const large = await run({
    program: 'dd',
    args: ['if=/dev/zero', `of=${target}`, 'bs=1M', 'count=3'],
    limits,
  })
  t.ok(large.kind === 'killed' || (large.kind === 'ended' && large.code !== 0))
  t.ok(readFileSync(target).length <= MIB)
  t.match(await run({ program: 'env', args: [], limits }), {
    kind: 'ended',
    code: 0,
    output: /^(?!.*HOME=)/s,
  })
})

void t.test('without room for its files nothing is converted, and nothing is filled up', async (t) => {
  let runs = 0
  const run: RunProgram = async () => {
    runs += 1
    return told('vdi')
  }
  const full = scene(t, { run, room: () => MIB })
  const image = await imported(full, VDI, { disk_format: 'vdi' })
  t.match(image, { status: 'queued' })
  t.equal(runs, 0)
  const { json } = await full.ask('GET', `/v2/images/${String(image['id'])}/tasks`)
  t.match(json['tasks'], [{ status: 'failure', message: /no room to convert the image/ }])
  t.same(readdirSync(full.scratch), [])
})

void t.test('a program that fills the directory is ended', async (t) => {
  let room = 50 * MIB
  const run: RunProgram = async ({ args, signal }) => {
    if (args[0] === 'info') return told('vdi')
    room = 0
    await new Promise((resolve) => signal?.addEventListener('abort', resolve))
    return { kind: 'killed', by: 'SIGKILL' }
  }
  const here = scene(t, { run, room: () => room })
  t.match(await imported(here, VDI, { disk_format: 'vdi' }), { status: 'queued' })
  t.same(readdirSync(here.scratch), [])
  const slow = programsUnderLimits(realClock)
  const limits = { memoryBytes: 512 * MIB, cpuSeconds: 5, fileBytes: MIB, wallMs: 60_000 }
  const killed = slow({ program: 'sleep', args: ['60'], limits, signal: AbortSignal.timeout(50) })
  t.match(await killed, { kind: 'killed' })
})
