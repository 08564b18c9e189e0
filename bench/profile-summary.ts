/**
 * Adds up `.cpuprofile` files of several processes: where the JavaScript threads spent their time, by function, by
 * file and by room. Time in Node's own code and in native functions is shown twice: as what it is, and charged to the
 * function of ours that called it, which is the one that can be changed.
 */
import { fileURLToPath } from 'node:url'

export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples?: readonly number[]
  readonly timeDeltas?: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

/** Microseconds by name, largest first. */
export type Ranking = readonly (readonly [name: string, micros: number])[]

export interface ProfileSummary {
  /** Time in which the thread did anything. */
  readonly busyMicros: number
  readonly idleMicros: number
  /** Own time of each function, Node's and native ones included. */
  readonly byFunction: Ranking
  /** Own time plus that of everything of Node's and V8's that it called. */
  readonly chargedToFunction: Ranking
  readonly chargedToFile: Ranking
  readonly chargedToRoom: Ranking
  /** For each function that is charged: what it spent the time in. */
  readonly inside: ReadonlyMap<string, Ranking>
  /** Time of a function and of all it called. */
  readonly inclusive: Ranking
}

const IDLE = '(idle)'
const OF_V8: ReadonlySet<string> = new Set(['(program)', '(garbage collector)'])
/** What nobody of ours stands above: Node's event loop, parsers, continuations of its own promises. */
const OUTSIDE = '(Node and V8)'

interface Frame {
  readonly label: string
  /** Path of the file below the project, `undefined` for Node's and V8's own. */
  readonly file: string | undefined
}

interface Place {
  readonly frame: Frame
  readonly parent: Place | undefined
}

/** Sums the profiles. `root` is the folder of the project, with a slash at the end. */
export function summarize(profiles: readonly CpuProfile[], root: string): ProfileSummary {
  const sums = new Sums()
  for (const profile of profiles) {
    const places = placesOf(profile, root)
    for (const [at, id] of (profile.samples ?? []).entries()) {
      const place = places.get(id)
      if (place !== undefined) sums.add(place, profile.timeDeltas?.[at + 1] ?? 0)
    }
  }
  return sums.summary()
}

class Sums {
  readonly #byFunction = new Map<string, number>()
  readonly #chargedToFunction = new Map<string, number>()
  readonly #chargedToFile = new Map<string, number>()
  readonly #chargedToRoom = new Map<string, number>()
  readonly #inclusive = new Map<string, number>()
  readonly #inside = new Map<string, Map<string, number>>()
  #busy = 0
  #idle = 0

  add(place: Place, micros: number): void {
    if (place.frame.label === IDLE) {
      this.#idle += micros
      return
    }
    this.#busy += micros
    increase(this.#byFunction, place.frame.label, micros)
    this.#charge(place, micros)
    const seen = new Set<string>()
    for (let at: Place | undefined = place; at !== undefined; at = at.parent) {
      if (seen.has(at.frame.label)) continue
      seen.add(at.frame.label)
      increase(this.#inclusive, at.frame.label, micros)
    }
  }

  #charge(place: Place, micros: number): void {
    let owner: Place | undefined = place
    while (owner !== undefined && owner.frame.file === undefined) owner = owner.parent
    const special = OF_V8.has(place.frame.label) ? place.frame.label : OUTSIDE
    const { label, file } = owner?.frame ?? { label: special, file: special }
    increase(this.#chargedToFunction, label, micros)
    increase(this.#chargedToFile, file ?? special, micros)
    increase(this.#chargedToRoom, roomOf(file ?? special), micros)
    const inside = this.#inside.get(label) ?? new Map<string, number>()
    this.#inside.set(label, inside)
    increase(inside, place.frame.label === label ? 'itself' : place.frame.label, micros)
  }

  summary(): ProfileSummary {
    return {
      busyMicros: this.#busy,
      idleMicros: this.#idle,
      byFunction: ranked(this.#byFunction),
      chargedToFunction: ranked(this.#chargedToFunction),
      chargedToFile: ranked(this.#chargedToFile),
      chargedToRoom: ranked(this.#chargedToRoom),
      inside: new Map([...this.#inside].map(([name, parts]) => [name, ranked(parts)])),
      inclusive: ranked(this.#inclusive).filter(([name]) => !name.startsWith('(')),
    }
  }
}

function placesOf(profile: CpuProfile, root: string): ReadonlyMap<number, Place> {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const places = new Map<number, Place>()
  const visit = (id: number, parent: Place | undefined): void => {
    const node = nodes.get(id)
    if (node === undefined) return
    const place: Place = { frame: frameOf(node, root), parent }
    places.set(id, place)
    for (const child of node.children ?? []) visit(child, place)
  }
  const inner = new Set(profile.nodes.flatMap((node) => node.children ?? []))
  for (const { id } of profile.nodes) if (!inner.has(id)) visit(id, undefined)
  return places
}

function frameOf(node: ProfileNode, root: string): Frame {
  const { functionName, url, lineNumber } = node.callFrame
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return { label: functionName, file: undefined }
  if (!url.startsWith('file:')) return { label: `${name} ${url}:${lineNumber + 1}`, file: undefined }
  const path = fileURLToPath(url)
  const file = path.startsWith(root) ? path.slice(root.length) : path
  return { label: `${name} ${file}:${lineNumber + 1}`, file }
}

/** The first folder of a path; a package's name for what npm installed. */
function roomOf(file: string): string {
  const parts = file.split('/')
  const at = parts.lastIndexOf('node_modules')
  if (at < 0) return parts[0] ?? file
  const name = parts[at + 1] ?? ''
  return name.startsWith('@') ? `npm: ${name}/${parts[at + 2]}` : `npm: ${name}`
}

function increase(totals: Map<string, number>, name: string, micros: number): void {
  totals.set(name, (totals.get(name) ?? 0) + micros)
}

function ranked(totals: ReadonlyMap<string, number>): Ranking {
  return [...totals].sort(([, left], [, right]) => right - left)
}
