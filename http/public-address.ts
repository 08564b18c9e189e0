/** Which addresses are on the public network: no request on somebody's behalf goes to any other (`outside-client.ts`). Pure. */

/** IANA special-purpose address registries: not for the public. First address and prefix length. */
const PRIVATE_IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

/** Whether an address, written as a number, is on the public network. */
export function isPublic(address: string): boolean {
  return address.includes(':') ? isPublicIpv6(address) : isPublicIpv4(address)
}

function isPublicIpv4(address: string): boolean {
  const number = ipv4Number(address)
  if (number === undefined) return false
  return !PRIVATE_IPV4.some(([first, length]) => {
    const size = 2 ** (32 - length)
    return Math.floor(number / size) === Math.floor((ipv4Number(first) ?? 0) / size)
  })
}

function ipv4Number(address: string): number | undefined {
  const parts = address.split('.').map(Number)
  const isAddress =
    parts.length === 4 && parts.every((part) => Number.isInteger(part) && part >= 0 && part < 256)
  return isAddress ? parts.reduce((sum, part) => sum * 256 + part, 0) : undefined
}

/** Of IPv6 only 2000::/3 is public; addresses that carry an IPv4 address are as public as that. */
function isPublicIpv6(address: string): boolean {
  const groups = ipv6Groups(address)
  if (groups === undefined) return false
  const [first = 0, second = 0] = groups
  const carried = carriedIpv4(groups)
  if (carried !== undefined) return isPublicIpv4(carried)
  if (first < 0x2000 || first > 0x3fff) return false
  // 2001::/23 is for protocols, 2001:db8::/32 and 3fff::/20 are for examples.
  if (first === 0x2001 && (second < 0x200 || second === 0xdb8)) return false
  return !(first === 0x3fff && second < 0x1000)
}

/** Mapped (::ffff:a.b.c.d), compatible (::a.b.c.d), translated (64:ff9b::) and 6to4 (2002:) addresses. */
function carriedIpv4(groups: readonly number[]): string | undefined {
  const zeros = groups.slice(0, 5).every((group) => group === 0)
  const last = groups.slice(6)
  if (zeros && (groups[5] === 0xffff || groups[5] === 0)) return dotted(last)
  if (groups[0] === 0x64 && groups[1] === 0xff9b) return dotted(last)
  return groups[0] === 0x2002 ? dotted(groups.slice(1, 3)) : undefined
}

function dotted([high = 0, low = 0]: readonly number[]): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** The eight groups of an address; `undefined` when it is none. */
function ipv6Groups(address: string): readonly number[] | undefined {
  const bare = address.split('%', 1)[0] ?? ''
  if (!URL.canParse(`http://[${bare}]/`)) return undefined
  const written = new URL(`http://[${bare}]/`).hostname.slice(1, -1)
  const [left = '', right] = written.split('::')
  const read = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
  const [before, after] = [read(left), read(right ?? '')]
  const gap = right === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...Array.from({ length: gap }, () => 0), ...after]
}
