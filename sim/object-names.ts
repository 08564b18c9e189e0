/** The objects that the clients work on: a few hot names and many cold ones, some of which expire. */
import type { SeededRandom } from '#base/virtual-clock.ts'
import type { ObjectName } from '#store/operation.ts'

export const ACCOUNT = 'AUTH_sim'
export const CONTAINERS: readonly string[] = ['c0', 'c1', 'c2']
const NAMES = 50
const HOT_NAMES = 5
/** Objects from this number on are given a time at which they expire. */
const EXPIRING_FROM = 42

export function aName(random: SeededRandom): ObjectName {
  const isHot = random.below(2) === 0
  const number = isHot ? random.below(HOT_NAMES) : random.below(NAMES)
  const container = CONTAINERS[number % CONTAINERS.length] as string
  return { account: ACCOUNT, container, object: `o${number}` }
}

export function mayExpire({ object }: ObjectName): boolean {
  return Number(object.slice(1)) >= EXPIRING_FROM
}

/** Of `/account/container/object`. */
export function nameOfPath(path: string): ObjectName {
  const [account = '', container = '', ...object] = path.slice(1).split('/')
  return { account, container, object: object.join('/') }
}

export function pathOf({ account, container, object }: ObjectName): string {
  return `/${account}/${container}/${object}`
}
