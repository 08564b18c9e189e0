/** Dividing an amount by weight when nobody may get less than a minimum or more than a maximum. */

export interface Share {
  readonly weight: number
  readonly least: number
  readonly most: number
}

/** Doubling the level this often reaches any ratio of weights a ring can hold. */
const DOUBLINGS = 1024
/** Halvings of an interval until it is as narrow as a double can say. */
const HALVINGS = 128

/**
 * The shares `clamp(weight * level, least, most)` for the one level at which they add up to `total`; all at their most
 * when even that is less than `total`, all at their least when even that is more. In order of `shares`.
 */
export function clampedShares(total: number, shares: readonly Share[]): number[] {
  const sumAt = (level: number): number => shares.reduce((sum, share) => sum + clamp(share, level), 0)
  let high = 1
  for (let count = 0; count < DOUBLINGS && sumAt(high) < total && canGrow(shares, high); count += 1) high *= 2
  let low = 0
  for (let count = 0; count < HALVINGS && low < high; count += 1) {
    const middle = (low + high) / 2
    if (middle === low || middle === high) break
    if (sumAt(middle) < total) low = middle
    else high = middle
  }
  return settle(
    total,
    shares.map((share) => clamp(share, high)),
    shares,
  )
}

function clamp(share: Share, level: number): number {
  return Math.min(share.most, Math.max(share.least, share.weight * level))
}

function canGrow(shares: readonly Share[], level: number): boolean {
  return shares.some((share) => share.weight > 0 && share.weight * level < share.most)
}

/** Takes the last rounding error out of the shares that are free to change, so that the sum is `total` to a hair. */
function settle(total: number, amounts: number[], shares: readonly Share[]): number[] {
  const error = total - amounts.reduce((sum, amount) => sum + amount, 0)
  const free = amounts.findIndex((amount, at) => {
    const share = shares[at] as Share
    return amount + error > share.least && amount + error < share.most
  })
  if (free >= 0) amounts[free] = (amounts[free] as number) + error
  return amounts
}
