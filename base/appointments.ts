/**
 * What a virtual clock has to call, the next one first: a heap. Most timers are limits that are called off long before their
 * time; one that is called off stays where it is, and is passed over when its turn comes.
 */

export interface Appointment {
  readonly dueMs: number
  /** Which was made first decides between two that are due at once. */
  readonly order: number
  /** `undefined`: it was called off. */
  callback: (() => void) | undefined
}

/** So many that were called off are never looked for. */
const CALLED_OFF_MIN = 64

export class Appointments {
  /** Each is due no later than those at twice its place and one or two more. */
  #heap: Appointment[] = []
  #calledOff = 0

  /** Those that wait. */
  get size(): number {
    return this.#heap.length - this.#calledOff
  }

  /** When the next one is due; `undefined` when none waits. */
  get nextDueMs(): number | undefined {
    this.#dropCalledOff()
    return this.#heap[0]?.dueMs
  }

  add(appointment: Appointment): void {
    this.#heap.push(appointment)
    this.#rise(this.#heap.length - 1)
  }

  callOff(appointment: Appointment): void {
    if (appointment.callback === undefined) return
    appointment.callback = undefined
    this.#calledOff += 1
    if (this.#calledOff > CALLED_OFF_MIN && this.#calledOff > this.#heap.length / 2) this.#tidy()
  }

  /** Takes the next one out; `undefined` when none waits. It counts as called off then. */
  take(): { readonly dueMs: number; readonly callback: () => void } | undefined {
    this.#dropCalledOff()
    const next = this.#heap[0]
    if (next?.callback === undefined) return undefined
    const { dueMs, callback } = next
    next.callback = undefined
    this.#removeFirst()
    return { dueMs, callback }
  }

  #dropCalledOff(): void {
    while (this.#heap[0] !== undefined && this.#heap[0].callback === undefined) {
      this.#removeFirst()
      this.#calledOff -= 1
    }
  }

  #removeFirst(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink(0)
  }

  /** Leaves out what was called off. */
  #tidy(): void {
    this.#heap = this.#heap.filter(({ callback }) => callback !== undefined)
    this.#calledOff = 0
    for (let at = (this.#heap.length >>> 1) - 1; at >= 0; at -= 1) this.#sink(at)
  }

  #rise(from: number): void {
    const heap = this.#heap
    const moved = heap[from] as Appointment
    let at = from
    while (at > 0) {
      const above = (at - 1) >>> 1
      const other = heap[above] as Appointment
      if (isBefore(other, moved)) break
      heap[at] = other
      at = above
    }
    heap[at] = moved
  }

  #sink(from: number): void {
    const heap = this.#heap
    const { length } = heap
    const moved = heap[from] as Appointment
    let at = from
    for (let below = 2 * at + 1; below < length; below = 2 * at + 1) {
      const right = below + 1
      if (right < length && isBefore(heap[right] as Appointment, heap[below] as Appointment)) below = right
      const other = heap[below] as Appointment
      if (isBefore(moved, other)) break
      heap[at] = other
      at = below
    }
    heap[at] = moved
  }
}

function isBefore(one: Appointment, other: Appointment): boolean {
  return one.dueMs === other.dueMs ? one.order < other.order : one.dueMs < other.dueMs
}
