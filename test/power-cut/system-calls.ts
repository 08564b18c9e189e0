/**
 * What `strace` writes down (`-f -xx`, one file for all threads), as system calls in the order in which they began and
 * ended. Texts are hexadecimal there, so that commas and brackets are always those of strace.
 */

export interface SystemCall {
  readonly name: string
  /** As written: `"\x61"`, `17`, `O_RDWR|O_CREAT`, `[{iov_base="\x61", iov_len=1}]`. */
  readonly arguments: readonly string[]
}

export type CallEvent =
  | { readonly kind: 'begins'; readonly thread: string; readonly call: SystemCall }
  /** `result` is what the kernel gave, negative for an error. */
  | { readonly kind: 'ends'; readonly thread: string; readonly call: SystemCall; readonly result: number }

const LINE = /^(\d+) +(.*)$/
const RESUMED = /^<\.\.\. \w+ resumed>(.*)$/
const UNFINISHED = ' <unfinished ...>'
const CALL = /^(\w+)\((.*)$/
const RESULT = /^(.*)\) += (-?\d+)/

/** Throws on a text that strace cut off: the record would not be whole. */
export function* parseTrace(trace: string): Generator<CallEvent> {
  const begun = new Map<string, string>()
  for (const line of trace.split('\n')) {
    const [, thread = '', rest = ''] = LINE.exec(line) ?? []
    const resumed = RESUMED.exec(rest)
    const text = resumed === null ? rest : (begun.get(thread) ?? '') + (resumed[1] ?? '')
    const call = CALL.exec(text)
    if (call === null) continue
    const [, name = '', tail = ''] = call
    if (tail.endsWith(UNFINISHED)) {
      begun.set(thread, text.slice(0, -UNFINISHED.length))
      yield { kind: 'begins', thread, call: callOf(name, tail.slice(0, -UNFINISHED.length)) }
      continue
    }
    const [, given = '', result] = RESULT.exec(tail) ?? []
    if (result === undefined) continue
    if (resumed === null) yield { kind: 'begins', thread, call: callOf(name, given) }
    yield { kind: 'ends', thread, call: callOf(name, given), result: Number(result) }
  }
}

function callOf(name: string, text: string): SystemCall {
  if (text.includes('"...')) throw new Error(`strace cut off a text of ${name}`)
  return { name, arguments: splitArguments(text) }
}

/** At commas outside of brackets. */
function splitArguments(text: string): readonly string[] {
  const found: string[] = []
  let depth = 0
  let start = 0
  for (const { index, 0: sign } of text.matchAll(/[[\]{},]/g)) {
    if (sign === '[' || sign === '{') depth += 1
    else if (sign !== ',') depth -= 1
    else if (depth === 0) {
      found.push(text.slice(start, index).trim())
      start = index + 1
    }
  }
  return [...found, text.slice(start).trim()]
}

/** The bytes of a text. */
export function bytesOf(argument: string | undefined): Buffer {
  const hex = /^"((?:\\x[0-9a-f]{2})*)"$/.exec(argument ?? '')?.[1]
  if (hex === undefined) throw new Error(`not a text: ${argument?.slice(0, 80)}`)
  return Buffer.from(hex.replaceAll('\\x', ''), 'hex')
}

/** The bytes of all pieces of a gathered write. */
export function gatheredBytes(argument: string | undefined): Buffer {
  const pieces = [...(argument ?? '').matchAll(/iov_base=("[^"]*")/g)]
  return Buffer.concat(pieces.map(([, text]) => bytesOf(text)))
}
