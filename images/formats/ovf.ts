/**
 * What the descriptor in an OVA says of the machine in it (DMTF DSP0243): name, processors, memory, disks and their files. The descriptor is
 * the first member of the archive, so that the head of the image has it. Pure; nothing in it is believed but shown.
 */
import { XMLParser } from 'fast-xml-parser'

const TAR_BLOCK_BYTES = 512
const NAME_LENGTH = 255
/** CIM resource types of hardware items. */
const PROCESSOR = 3
const MEMORY = 4

/** Properties by which the machine is shown; empty when the head has no descriptor that can be read. */
export function ovfProperties(head: Buffer): Readonly<Record<string, string>> {
  const document = documentIn(head)
  return document === undefined ? {} : propertiesOf(document)
}

/** Names of the files in the archive that have the disks, in the order of the disks; a disk that is made empty has none. */
export function ovfDiskFiles(head: Buffer): readonly string[] {
  const envelope = child(documentIn(head), 'Envelope')
  const files = children(child(envelope, 'References'), 'File')
  const disks = children(child(envelope, 'DiskSection'), 'Disk')
  const referenced = disks.map((disk) => textOf(child(disk, '@fileRef'))).filter((ref) => ref !== undefined)
  const found = referenced.map((ref) => files.find((file) => textOf(child(file, '@id')) === ref))
  return found.map((file) => textOf(child(file, '@href')) ?? '')
}

function documentIn(head: Buffer): unknown {
  const text = descriptorIn(head)
  if (text === undefined) return undefined
  try {
    return parser().parse(text)
  } catch {
    return undefined
  }
}

function descriptorIn(head: Buffer): string | undefined {
  if (head.length < TAR_BLOCK_BYTES) return undefined
  const name = head.subarray(0, 100).toString('latin1').split('\0', 1)[0] ?? ''
  const sizeBytes = Number.parseInt(head.subarray(124, 136).toString('latin1'), 8)
  if (!name.toLowerCase().endsWith('.ovf') || !(TAR_BLOCK_BYTES + sizeBytes <= head.length)) return undefined
  const text = head.subarray(TAR_BLOCK_BYTES, TAR_BLOCK_BYTES + sizeBytes).toString('utf8')
  // Entities of one's own are how small documents become large ones.
  return /<!(?:DOCTYPE|ENTITY)/i.test(text) ? undefined : text
}

const LISTS: ReadonlySet<string> = new Set(['Item', 'Disk', 'File', 'VirtualSystem'])

function parser(): XMLParser {
  return new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    removeNSPrefix: true,
    processEntities: false,
    parseTagValue: false,
    isArray: (name) => LISTS.has(name),
  })
}

type Node = Readonly<Record<string, unknown>>

function propertiesOf(document: unknown): Readonly<Record<string, string>> {
  const envelope = child(document, 'Envelope')
  const system = children(envelope, 'VirtualSystem')[0]
  const items = children(child(system, 'VirtualHardwareSection'), 'Item')
  const disks = children(child(envelope, 'DiskSection'), 'Disk')
  const found: readonly (readonly [string, string | undefined])[] = [
    ['ovf_name', textOf(child(system, 'Name')) ?? textOf(child(system, '@id'))],
    ['ovf_cpus', quantity(items, PROCESSOR)],
    ['ovf_memory_mb', memoryIn(items)],
    ['ovf_disks', disks.length === 0 ? undefined : String(disks.length)],
  ]
  const present = found.filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '')
  return Object.fromEntries(present.map(([name, value]) => [name, value.slice(0, NAME_LENGTH)]))
}

/** In MiB, whatever units the descriptor has (DSP0004, annex C: `byte * 2^20`, and words of old ones). */
function memoryIn(items: readonly unknown[]): string | undefined {
  const amount = quantity(items, MEMORY)
  const units = textOf(child(itemOf(items, MEMORY), 'AllocationUnits')) ?? 'byte * 2^20'
  const power = /^byte\s*\*\s*2\s*\^\s*(\d{1,2})$/.exec(units)?.[1] ?? UNITS[units.toLowerCase()]
  if (amount === undefined || power === undefined) return undefined
  const mebibytes = Number(amount) * 2 ** (Number(power) - 20)
  return Number.isSafeInteger(mebibytes) ? String(mebibytes) : undefined
}

/** Powers of two. */
const UNITS: Readonly<Record<string, string>> = {
  kilobytes: '10',
  megabytes: '20',
  mb: '20',
  gigabytes: '30',
  gb: '30',
}

function itemOf(items: readonly unknown[], resourceType: number): unknown {
  return items.find((one) => Number(textOf(child(one, 'ResourceType'))) === resourceType)
}

function quantity(items: readonly unknown[], resourceType: number): string | undefined {
  const item = itemOf(items, resourceType)
  const written = textOf(child(item, 'VirtualQuantity'))
  return written !== undefined && /^\d{1,9}$/.test(written) ? written : undefined
}

function child(node: unknown, name: string): unknown {
  return typeof node === 'object' && node !== null ? (node as Node)[name] : undefined
}

function children(node: unknown, name: string): readonly unknown[] {
  const found = child(node, name)
  return Array.isArray(found) ? (found as readonly unknown[]) : []
}

/** Of an element with attributes the parser gives an object. */
function textOf(node: unknown): string | undefined {
  if (typeof node === 'string') return node.trim()
  const text = child(node, '#text')
  return typeof text === 'string' ? text.trim() : undefined
}
