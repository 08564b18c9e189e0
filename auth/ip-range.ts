/**
 * Ranges of IP addresses, written as `192.0.2.7`, `192.0.2.0/24`, `192.0.2.0/255.255.255.0` or `2001:db8::/32`, with no
 * bits set behind the prefix (as Python's `ip_network`, which OpenStack Swift reads them with).
 */

interface Address {
  readonly bits: bigint
  readonly width: 32 | 128
}

/** Whether the address lies in the range; `false` too when either is none. */
export function isInIpRange(address: string, range: string): boolean {
  const given = parseAddress(address)
  const [first = '', length, ...more] = range.split('/')
  const base = parseAddress(first)
  if (given === undefined || base === undefined || more.length > 0) return false
  const prefix = length === undefined ? base.width : prefixLength(length, base.width)
  if (prefix === undefined || given.width !== base.width) return false
  const rest = BigInt(base.width - prefix)
  const hasHostBits = (base.bits >> rest) << rest !== base.bits
  return !hasHostBits && given.bits >> rest === base.bits >> rest
}

/** Whether the text is an address at all. */
export function isIpAddress(text: string): boolean {
  return parseAddress(text) !== undefined
}

function prefixLength(written: string, width: Address['width']): number | undefined {
  if (/^\d{1,3}$/.test(written)) return Number(written) <= width ? Number(written) : undefined
  const mask = width === 32 ? parseV4(written) : undefined
  if (mask === undefined) return undefined
  const ones = mask.toString(2).padStart(32, '0')
  return /^1*0*$/.test(ones) ? ones.replaceAll('0', '').length : undefined
}

/** An IPv4 address that came over an IPv6 socket (`::ffff:192.0.2.7`) is that IPv4 address. */
function parseAddress(written: string): Address | undefined {
  const text =
    written.toLowerCase().startsWith('::ffff:') && written.includes('.') ? written.slice(7) : written
  const v4 = parseV4(text)
  if (v4 !== undefined) return { bits: v4, width: 32 }
  const v6 = parseV6(text)
  return v6 === undefined ? undefined : { bits: v6, width: 128 }
}

function parseV4(written: string): bigint | undefined {
  const parts = written.split('.')
  if (parts.length !== 4) return undefined
  let bits = 0n
  for (const part of parts) {
    // No leading zeros: some programs take them for octal.
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    bits = (bits << 8n) | BigInt(part)
  }
  return bits
}

const GROUPS = 8

function parseV6(written: string): bigint | undefined {
  const halves = written.split('::')
  if (halves.length > 2 || !written.includes(':')) return undefined
  const [head = [], tail = []] = halves.map(groupsOf)
  const missing = GROUPS - head.length - tail.length
  const isWhole = halves.length === 1 ? missing === 0 : missing >= 1
  const groups = [...head, ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...tail]
  if (!isWhole || !groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n)
}

/** The groups between colons; an IPv4 address at the end stands for two. */
function groupsOf(half: string): readonly string[] {
  if (half === '') return []
  const groups = half.split(':')
  const last = groups.at(-1) ?? ''
  const v4 = last.includes('.') ? parseV4(last) : undefined
  if (v4 === undefined) return groups
  return [...groups.slice(0, -1), (v4 >> 16n).toString(16), (v4 & 0xffffn).toString(16)]
}
