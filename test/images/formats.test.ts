/**
 * Every format is told by its bytes, and what is dangerous is seen, in files that the real tool makes. The bytes come in
 * pieces of awkward sizes, as they do over a network.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Declared, formatVerdict, virtualSize } from '#images/formats/declared-format.ts'
import { FormatInspector, type Inspection } from '#images/formats/inspector.ts'
import { havePrograms, runWell } from '#test/programs.ts'
import { temporaryDirectory } from '#test/running-cluster.ts'

const SIZE = 8 * 1024 * 1024
const CHUNK = 10_007

function inspected(bytes: Buffer): Inspection {
  const inspector = new FormatInspector()
  for (let at = 0; at < bytes.length; at += CHUNK) inspector.update(bytes.subarray(at, at + CHUNK))
  return inspector.inspect()
}

function bare(diskFormat: string): Declared {
  return { diskFormat, containerFormat: 'bare' }
}

function refusalOf(bytes: Buffer, diskFormat: string): string | undefined {
  return formatVerdict(inspected(bytes), bare(diskFormat))?.refusal.message
}

/** What the tool calls a format, its options, and what it is called in the registry. */
const FORMATS: readonly (readonly [tool: string, options: string, name: string])[] = [
  ['qcow2', 'compat=0.10', 'qcow2'],
  ['qcow2', 'compat=1.1,lazy_refcounts=on', 'qcow2'],
  ['vmdk', 'subformat=monolithicSparse', 'vmdk'],
  ['vmdk', 'subformat=streamOptimized', 'vmdk'],
  ['vpc', 'subformat=dynamic,force_size=on', 'vhd'],
  ['vpc', 'subformat=fixed,force_size=on', 'vhd'],
  ['vhdx', 'subformat=dynamic', 'vhdx'],
  ['vdi', 'static=off', 'vdi'],
]

void t.test('the formats that qemu-img makes', { skip: !havePrograms(t, 'qemu-img') }, async (t) => {
  const directory = temporaryDirectory(t)
  const make = async (name: string, ...args: string[]): Promise<Buffer> => {
    const path = join(directory, name)
    const create = (): Promise<string> => runWell('qemu-img', ['create', '-q', ...args, path, String(SIZE)])
    // It measures the machine for LUKS, and on a busy one gives up ("Unable to get accurate CPU usage").
    await create().catch(create).catch(create).catch(create)
    return readFileSync(path)
  }

  for (const [index, [tool, options, name]] of FORMATS.entries()) {
    await t.test(`${tool} with ${options} is ${name}`, async (t) => {
      const bytes = await make(`disk-${index}`, '-f', tool, '-o', options)
      const inspection = inspected(bytes)
      t.equal(inspection.format.name, name)
      t.same(inspection.format.dangers, [])
      t.equal(virtualSize(inspection, bare(name), bytes.length), SIZE)
      t.equal(refusalOf(bytes, name), undefined)
      t.equal(refusalOf(bytes, 'raw'), undefined, 'raw may be anything that is safe')
      t.match(refusalOf(bytes, name === 'qcow2' ? 'vmdk' : 'qcow2'), /does not match/)
    })
  }

  await t.test('files that lead to other files are refused, whatever they are declared to be', async (t) => {
    writeFileSync(join(directory, 'base'), Buffer.alloc(SIZE))
    const backed = await make('backed', '-f', 'qcow2', '-b', join(directory, 'base'), '-F', 'raw')
    t.match(refusalOf(backed, 'qcow2'), /backing file/)
    t.match(refusalOf(backed, 'raw'), /backing file/)
    const outside = await make(
      'outside',
      '-f',
      'qcow2',
      '-o',
      `data_file=${join(directory, 'data')},data_file_raw=on`,
    )
    t.match(refusalOf(outside, 'qcow2'), /data file/)
    t.match(refusalOf(await make('old', '-f', 'qed'), 'raw'), /QED/)
  })

  await t.test('LUKS is told, and so is an encrypted disk that is too new', async (t) => {
    const secret = ['--object', 'secret,id=s,data=secret', '-o', 'key-secret=s,iter-time=10']
    const bytes = await make('luks', '-f', 'luks', ...secret)
    t.equal(refusalOf(bytes, 'luks'), undefined)
    const newer = Buffer.from(bytes)
    newer.writeUInt16BE(2, 6)
    t.match(refusalOf(newer, 'luks'), /version 2/)
  })
})

void t.test('a VMDK is refused when its descriptor leads elsewhere', async (t) => {
  const safe = vmdkWith([
    '# Disk DescriptorFile',
    'version=1',
    'createType="monolithicSparse"',
    'RW 20 SPARSE "a.vmdk"',
  ])
  t.equal(refusalOf(safe, 'vmdk'), undefined)
  const outside = vmdkWith(['version=1', 'createType="monolithicSparse"', 'RW 20 FLAT "/etc/passwd" 0'])
  t.match(refusalOf(outside, 'vmdk'), /another file/)
  t.match(refusalOf(vmdkWith(['version=1']), 'vmdk'), /no extent/)
  t.match(refusalOf(vmdkWith(['version=1', '!!!', 'RW 20 SPARSE "a"']), 'vmdk'), /not understood/)
})

function vmdkWith(lines: readonly string[]): Buffer {
  const bytes = Buffer.alloc(64 * 1024)
  bytes.write('KDMV', 0, 'latin1')
  bytes.writeUInt32LE(1, 4)
  bytes.writeBigUInt64LE(20n, 12)
  bytes.writeBigUInt64LE(1n, 28)
  bytes.writeBigUInt64LE(20n, 36)
  bytes.write(`${lines.join('\n')}\n`, 512, 'latin1')
  return bytes
}

void t.test('disks without a header of their own', async (t) => {
  const iso = Buffer.alloc(64 * 1024)
  iso.write('\x01CD001\x01', 32_768, 'latin1')
  iso.writeUInt32LE(32, 32_768 + 80)
  iso.writeUInt16LE(2048, 32_768 + 128)
  t.equal(inspected(iso).format.name, 'iso')
  t.equal(virtualSize(inspected(iso), bare('iso'), iso.length), iso.length)
  const hybrid = withPartition(Buffer.from(iso), 0x83)
  t.equal(inspected(hybrid).format.name, 'iso', 'an ISO that boots from disks is one')
  const disk = withPartition(Buffer.alloc(4096), 0xee)
  t.equal(inspected(disk).format.name, 'gpt')
  t.equal(refusalOf(disk, 'raw'), undefined)
  t.equal(refusalOf(disk, 'ami'), undefined)
  t.match(refusalOf(disk, 'qcow2'), /found gpt/)
  t.equal(inspected(Buffer.from('anything')).format.name, 'raw')
})

function withPartition(bytes: Buffer, type: number): Buffer {
  bytes[446 + 4] = type
  bytes.writeUInt32LE(1, 446 + 8)
  bytes.writeUInt32LE(7, 446 + 12)
  bytes[510] = 0x55
  bytes[511] = 0xaa
  return bytes
}

void t.test('bytes that are two formats at once are refused', async (t) => {
  const both = Buffer.alloc(64 * 1024)
  both.write('QFI\xfb', 0, 'latin1')
  both.writeUInt32BE(3, 4)
  both.write('\x01CD001\x01', 32_768, 'latin1')
  t.match(refusalOf(both, 'raw'), /at once/)
})

void t.test('what is cut short is never taken for safe', async (t) => {
  for (const magic of ['QFI\xfb\0\0\0\x03', 'KDMV', 'QED\0']) {
    t.match(refusalOf(Buffer.from(magic, 'latin1'), 'raw'), /safety/)
  }
})
