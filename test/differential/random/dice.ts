/** Choices from a seed: the same seed makes the same requests. */
import { nextRandom } from '#bench/payload.ts'

export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = nextRandom(nextRandom((seed * 2_654_435_761) | 1))
  }

  /** From 0 up to, and without, `below`. */
  below(below: number): number {
    this.#state = nextRandom(this.#state)
    return this.#state % below
  }

  /** True once in so many times. */
  once(inTimes: number): boolean {
    return this.below(inTimes) === 0
  }

  of<Value>(list: readonly Value[]): Value {
    const chosen = list[this.below(list.length)]
    if (chosen === undefined) throw new Error('there is nothing to choose from')
    return chosen
  }

  /** At most so many of the list, each once, in any order; few more often than many. */
  some<Value>(list: readonly Value[], most: number): readonly Value[] {
    const left = [...list]
    const count = this.below(this.below(most + 1) + 1)
    return Array.from({ length: Math.min(count, left.length) }, () =>
      left.splice(this.below(left.length), 1),
    ).flat()
  }
}

/** Header or parameter: its name, and values that it may have. */
export type Pool = Readonly<Record<string, readonly string[]>>

/** Some of the pool, each with one of its values. */
export function drawn(dice: Dice, pool: Pool, most: number): Readonly<Record<string, string>> {
  const names = dice.some(Object.keys(pool), most)
  return Object.fromEntries(names.map((name) => [name, dice.of(pool[name] ?? [''])]))
}

/** `?a=b&c`, or nothing; a parameter whose value is `\0` stands alone. */
export function queryOf(parameters: Readonly<Record<string, string>>): string {
  const written = Object.entries(parameters).map(([name, value]) =>
    value === '\0' ? name : `${name}=${value}`,
  )
  return written.length === 0 ? '' : `?${written.join('&')}`
}

/** As it goes over the wire. */
export function utf8(text: string): string {
  return Buffer.from(text).toString('latin1')
}
