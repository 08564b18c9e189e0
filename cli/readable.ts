/** Numbers as a person reads them at a glance. */

const NUMBER = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const SIZES = ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const
const THOUSAND = 1000

/** `12,345` */
export function amount(count: number): string {
  return NUMBER.format(count)
}

/** Three figures and a unit of thousands, as disks are sold: `1.25 GB`. */
export function sizeText(bytes: number): string {
  let size = bytes
  let unit = 0
  while (size >= 999.5 && unit < SIZES.length - 1) {
    size /= THOUSAND
    unit += 1
  }
  return `${unit === 0 ? String(Math.round(size)) : size.toPrecision(3)} ${SIZES[unit]}`
}

const STEPS: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
]

/** `0.3 s`, `42 s`, `5 min 10 s`, `3 h 20 min`, `2 d 4 h` */
export function durationText(seconds: number): string {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`
  const whole = Math.round(seconds)
  for (const [at, [step, unit]] of STEPS.entries()) {
    if (whole < step) continue
    const [smaller, smallerUnit] = STEPS[at + 1] ?? [1, 's']
    const rest = Math.floor((whole % step) / smaller)
    const first = `${Math.floor(whole / step)} ${unit}`
    return rest === 0 ? first : `${first} ${rest} ${smallerUnit}`
  }
  return `${whole} s`
}

/** How long ago: `3 min ago`, `just now`. */
export function agoText(thenMs: number, nowMs: number): string {
  const seconds = (nowMs - thenMs) / THOUSAND
  return seconds < 2 ? 'just now' : `${durationText(seconds)} ago`
}

/** `37.5 %` */
export function shareText(part: number, whole: number): string {
  return whole === 0 ? '' : `${((part / whole) * 100).toFixed(1)} %`
}
