/**
 * Reads Python pickles that hold plain data, as far as OpenStack Swift's builder files use them (protocols 1 and 2:
 * https://docs.python.org/3/library/pickletools.html names the opcodes). Nothing is ever executed: the one class that
 * may be named is `array.array`, and any other opcode or class makes the pickle broken. What is made is bounded by the
 * length of the file: values are shared, never copied.
 */
import { type BrokenFile, broken } from './raw-ring.ts'

/** Lists and tuples are arrays, dictionaries maps. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | readonly PickleValue[]
  | ReadonlyMap<PickleValue, PickleValue>
  | PickledArray

/** A Python `array.array`. */
export class PickledArray {
  /** Python's letter for the type of the items: `B`, `H`, `I`… */
  readonly typecode: string
  readonly items: readonly number[]

  constructor(typecode: string, items: readonly number[]) {
    this.typecode = typecode
    this.items = items
  }
}

type Dictionary = Map<PickleValue, PickleValue>
/** What lies on the stack: values, the place where a collection begins, the class `array.array`. */
type Item = PickleValue | typeof MARK | typeof ARRAY_CLASS

const MARK = Symbol('mark')
const ARRAY_CLASS = Symbol('array.array')
const ARRAY_CLASS_NAME = 'array\narray\n'
const NEWEST_PROTOCOL = 2
/** Longer whole numbers than JavaScript's are in no builder. */
const LONG_BYTES_MAX = 6

/** The value in a pickle. */
export function parsePickle(
  file: Buffer,
): { readonly kind: 'value'; readonly value: PickleValue } | BrokenFile {
  try {
    return { kind: 'value', value: new Unpickler(file).run() }
  } catch (error) {
    if (error instanceof Unreadable) return broken(error.message)
    // Node's own bounds check of a buffer.
    if (error instanceof RangeError) return broken('it is cut off')
    throw error
  }
}

class Unreadable extends Error {}

class Unpickler {
  readonly #file: Buffer
  #at = 0
  readonly #stack: Item[] = []
  readonly #memo: Item[] = []

  constructor(file: Buffer) {
    this.#file = file
  }

  run(): PickleValue {
    for (;;) {
      const code = this.#byte()
      if (code === STOP) return this.#popValue()
      const step = STEPS[code]
      if (step === undefined) throw new Unreadable(`it has something else than data (opcode ${code})`)
      step(this)
    }
  }

  checkProtocol(): void {
    const protocol = this.#byte()
    if (protocol > NEWEST_PROTOCOL) throw new Unreadable(`it is a pickle of protocol ${protocol}`)
  }

  push(item: Item): void {
    this.#stack.push(item)
  }

  pushUnsigned(bytes: 1 | 2): void {
    this.push(this.#file.readUIntLE(this.#advance(bytes), bytes))
  }

  pushInt(): void {
    this.push(this.#file.readInt32LE(this.#advance(4)))
  }

  pushFloat(): void {
    this.push(this.#file.readDoubleBE(this.#advance(8)))
  }

  pushLong(): void {
    const length = this.#byte()
    if (length > LONG_BYTES_MAX) throw new Unreadable(`it has a number of ${length} bytes`)
    // Zero is written with no bytes at all.
    this.push(length === 0 ? 0 : this.#file.readIntLE(this.#advance(length), length))
  }

  pushText(lengthBytes: 1 | 4): void {
    const length = lengthBytes === 1 ? this.#byte() : this.#file.readUInt32LE(this.#advance(4))
    this.push(this.#take(length).toString('utf8'))
  }

  pushClass(): void {
    const name = this.#take(ARRAY_CLASS_NAME.length).toString('latin1')
    if (name !== ARRAY_CLASS_NAME) throw new Unreadable('it names a class that no builder file has')
    this.push(ARRAY_CLASS)
  }

  memoise(indexBytes: 1 | 4): void {
    const top = this.#stack.at(-1)
    if (top === undefined) throw new Unreadable('it is not in order')
    // A sparse index would make a huge list.
    const index = this.#index(indexBytes)
    if (index > this.#file.length) throw new Unreadable('it is not in order')
    this.#memo[index] = top
  }

  recall(indexBytes: 1 | 4): void {
    const item = this.#memo[this.#index(indexBytes)]
    if (item === undefined) throw new Unreadable('it is not in order')
    this.push(item)
  }

  pushTuple(count: number): void {
    const items = Array.from({ length: count }, () => this.#popValue())
    this.push(items.reverse())
  }

  pushMarkedTuple(): void {
    this.push(this.#popToMark())
  }

  append(items: readonly PickleValue[]): void {
    const list = this.#stack.at(-1)
    if (!Array.isArray(list)) throw new Unreadable('it is not in order')
    for (const item of items) (list as PickleValue[]).push(item)
  }

  appendTop(): void {
    this.append([this.#popValue()])
  }

  appendMarked(): void {
    this.append(this.#popToMark())
  }

  setItems(items: readonly PickleValue[]): void {
    const dictionary = this.#stack.at(-1)
    if (!(dictionary instanceof Map) || items.length % 2 !== 0) throw new Unreadable('it is not in order')
    for (let at = 0; at < items.length; at += 2) {
      ;(dictionary as Dictionary).set(items[at] as PickleValue, items[at + 1] as PickleValue)
    }
  }

  setTop(): void {
    const value = this.#popValue()
    this.setItems([this.#popValue(), value])
  }

  setMarked(): void {
    this.setItems(this.#popToMark())
  }

  /** `array.array(typecode, items)`. */
  makeArray(): void {
    const values = this.#popValue()
    const [typecode, items] = Array.isArray(values) ? (values as readonly PickleValue[]) : []
    const made = this.#stack.pop()
    if (made !== ARRAY_CLASS || typeof typecode !== 'string' || !isNumbers(items)) {
      throw new Unreadable('it is not in order')
    }
    this.push(new PickledArray(typecode, items))
  }

  #popValue(): PickleValue {
    const item = this.#stack.pop()
    if (item === undefined || typeof item === 'symbol') throw new Unreadable('it is not in order')
    return item
  }

  #popToMark(): PickleValue[] {
    const start = this.#stack.lastIndexOf(MARK)
    if (start === -1) throw new Unreadable('it is not in order')
    const items = this.#stack.splice(start).slice(1)
    if (items.includes(ARRAY_CLASS)) throw new Unreadable('it is not in order')
    return items as PickleValue[]
  }

  #index(bytes: 1 | 4): number {
    return bytes === 1 ? this.#byte() : this.#file.readUInt32LE(this.#advance(4))
  }

  #byte(): number {
    return this.#file.readUInt8(this.#advance(1))
  }

  #take(length: number): Buffer {
    const start = this.#advance(length)
    if (this.#at > this.#file.length) throw new Unreadable('it is cut off')
    return this.#file.subarray(start, this.#at)
  }

  #advance(length: number): number {
    const start = this.#at
    this.#at += length
    return start
  }
}

function isNumbers(value: PickleValue | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number')
}

const STOP = '.'.charCodeAt(0)

/** By opcode. Those of Python 2's strings too, because old builder files have them. */
const STEPS: readonly (((machine: Unpickler) => void) | undefined)[] = stepsByCode({
  '\x80': (machine) => machine.checkProtocol(),
  '(': (machine) => machine.push(MARK),
  N: (machine) => machine.push(null),
  '\x88': (machine) => machine.push(true),
  '\x89': (machine) => machine.push(false),
  K: (machine) => machine.pushUnsigned(1),
  M: (machine) => machine.pushUnsigned(2),
  J: (machine) => machine.pushInt(),
  '\x8a': (machine) => machine.pushLong(),
  G: (machine) => machine.pushFloat(),
  X: (machine) => machine.pushText(4),
  T: (machine) => machine.pushText(4),
  U: (machine) => machine.pushText(1),
  '}': (machine) => machine.push(new Map()),
  ']': (machine) => machine.push([]),
  ')': (machine) => machine.push([]),
  '\x85': (machine) => machine.pushTuple(1),
  '\x86': (machine) => machine.pushTuple(2),
  '\x87': (machine) => machine.pushTuple(3),
  t: (machine) => machine.pushMarkedTuple(),
  a: (machine) => machine.appendTop(),
  e: (machine) => machine.appendMarked(),
  s: (machine) => machine.setTop(),
  u: (machine) => machine.setMarked(),
  q: (machine) => machine.memoise(1),
  r: (machine) => machine.memoise(4),
  h: (machine) => machine.recall(1),
  j: (machine) => machine.recall(4),
  c: (machine) => machine.pushClass(),
  R: (machine) => machine.makeArray(),
})

function stepsByCode(
  steps: Readonly<Record<string, (machine: Unpickler) => void>>,
): readonly (((machine: Unpickler) => void) | undefined)[] {
  const byCode: ((machine: Unpickler) => void)[] = []
  for (const [character, step] of Object.entries(steps)) byCode[character.charCodeAt(0)] = step
  return byCode
}
