/**
 * Where two replicas' pages of the same listing differ: the stretches of names between entries that both have alike.
 * Pure. What a page did not reach because it was full is not compared.
 */
import { compareUtf8 } from '#base/names.ts'

/** One member of a listing's JSON. */
export type ListingMember =
  | { readonly name: string; readonly subdir?: undefined }
  | { readonly subdir: string; readonly name?: undefined }

export interface Page {
  readonly members: readonly ListingMember[]
  /** `full`: the page ends because of the limit, not because there is no more. */
  readonly extent: 'full' | 'to_the_end'
}

/** Names between two others, both left out, in ascending order; `undefined` sets no bound. */
export interface Stretch {
  readonly after: string | undefined
  readonly before: string | undefined
}

/** The order of a listing, and between which names it lies. */
export interface ListingOrder extends Stretch {
  readonly direction: 'forward' | 'reverse'
}

/** The stretches in which the pages differ, in the order of the listing. */
export function differingStretches(left: Page, right: Page, listing: ListingOrder): readonly Stretch[] {
  const { direction } = listing
  const order = (one: string, other: string): number =>
    direction === 'forward' ? compareUtf8(one, other) : compareUtf8(other, one)
  const end = sharedEnd(left, right, order)
  const stretches: Stretch[] = []
  let common: ListingMember | undefined
  let differs = false
  const close = (next: ListingMember | undefined): void => {
    if (differs) stretches.push(stretchBetween(common, next, listing))
    differs = false
    common = next
  }
  for (const [one, other] of paired(left.members, right.members, order)) {
    const key = keyOf((one ?? other) as ListingMember)
    if (end !== undefined && order(key, end) > 0) break
    if (one !== undefined && other !== undefined && JSON.stringify(one) === JSON.stringify(other)) close(one)
    else differs = true
  }
  close(undefined)
  return stretches
}

function keyOf(member: ListingMember): string {
  return member.name ?? member.subdir ?? ''
}

/** The last name that both pages have reached; `undefined` when both go to the end. */
function sharedEnd(
  left: Page,
  right: Page,
  order: (one: string, other: string) => number,
): string | undefined {
  const ends = [left, right].flatMap(({ members, extent }) => {
    const last = members.at(-1)
    return extent === 'full' && last !== undefined ? [keyOf(last)] : []
  })
  return ends.toSorted(order)[0]
}

/** Members of both lists in their order, those of the same name together. */
function* paired(
  left: readonly ListingMember[],
  right: readonly ListingMember[],
  order: (one: string, other: string) => number,
): Generator<readonly [ListingMember | undefined, ListingMember | undefined]> {
  let [at, to] = [0, 0]
  while (at < left.length || to < right.length) {
    const [one, other] = [left[at], right[to]]
    const compared = one === undefined ? 1 : other === undefined ? -1 : order(keyOf(one), keyOf(other))
    yield [compared <= 0 ? one : undefined, compared >= 0 ? other : undefined]
    if (compared <= 0) at += 1
    if (compared >= 0) to += 1
  }
}

function stretchBetween(
  first: ListingMember | undefined,
  last: ListingMember | undefined,
  listing: ListingOrder,
): Stretch {
  const [lower, upper] = listing.direction === 'forward' ? [first, last] : [last, first]
  return {
    after: lower === undefined ? listing.after : (lower.name ?? lastNameIn(lower.subdir)),
    before: upper === undefined ? listing.before : keyOf(upper),
  }
}

/** Sorts behind everything that begins with the subdir. */
function lastNameIn(subdir: string): string {
  return `${subdir}\u{10ffff}`
}
