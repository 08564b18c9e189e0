/**
 * Holds what an image was declared to be against what its bytes are (OpenStack Glance 2025.1: `require_image_format_match`, on).
 * Dangerous bytes are refused whatever was declared; the refusal says what was found, so that its owner can mend it.
 */
import { Refusal } from '../refusal.ts'
import type { FoundFormat } from './disk-format.ts'
import type { Inspection } from './inspector.ts'

/** They have no mark by which they could be told. */
const WITHOUT_MARK: ReadonlySet<string> = new Set(['ami', 'ari', 'aki', 'ploop'])

export interface Declared {
  readonly diskFormat: string | null
  readonly containerFormat: string | null
}

export interface FormatVerdict {
  /** `unsafe`: it must not be kept under any name. `other`: it is not what was declared. */
  readonly kind: 'unsafe' | 'other'
  /** 415. */
  readonly refusal: Refusal
}

/** Why the bytes may not be kept as what they were declared to be; `undefined` when they may. */
export function formatVerdict(
  { format, isAmbiguous }: Inspection,
  declared: Declared,
): FormatVerdict | undefined {
  if (isPacked(declared)) return undefined
  if (isAmbiguous || format.dangers.length > 0) return { kind: 'unsafe', refusal: unsafe(format) }
  if (fits(format.name, declared.diskFormat)) return undefined
  const message = `Image content does not match disk_format: declared ${declared.diskFormat}, found ${format.name}.`
  return { kind: 'other', refusal: new Refusal(415, message) }
}

/** Only bare disks are looked into: what a container holds is not known before it is unpacked. */
function isPacked({ containerFormat }: Declared): boolean {
  return containerFormat !== 'bare' && containerFormat !== null
}

function unsafe(format: FoundFormat): Refusal {
  return new Refusal(415, `Image failed safety checks: ${format.name}, ${format.dangers.join('; ')}.`)
}

function fits(found: string, declared: string | null): boolean {
  if (declared === null || declared === 'raw' || found === declared) return true
  if (declared === 'gpt') return found === 'gpt'
  return WITHOUT_MARK.has(declared) && (found === 'raw' || found === 'gpt')
}

/** Of the disk in the image; `null` when it is packed, or when its header does not tell. */
export function virtualSize({ format }: Inspection, declared: Declared, sizeBytes: number): number | null {
  if (isPacked(declared)) return null
  if (declared.diskFormat === 'raw') return sizeBytes
  return format.virtualSizeBytes ?? null
}
