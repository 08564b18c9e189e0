/** Puts the requests of `script.ts` to a registry and writes down the answers in a form in which two can be compared. */
import type { Person, Step } from './script.ts'

export interface Wanted {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
}

export interface Given {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
}

/** Asks a registry as one of the people; paths begin with `/v2`. */
export type AskAs = (person: Person, wanted: Wanted) => Promise<Given>

export interface Answer {
  readonly status: number
  /** The headers that mean something, and the body: JSON, or text of downloads. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

export type Answers = Readonly<Record<string, Answer>>

const HEADERS = ['content-range', 'content-md5', 'allow', 'accept-patch', 'openstack-image-import-methods']

/** Plays the steps in order. `projects` are the ids of the two projects. */
export async function playScript(
  steps: readonly Step[],
  ask: AskAs,
  projects: { readonly one: string; readonly other: string },
): Promise<Answers> {
  const names = new Map<string, string>([['other-project', projects.other]])
  const answers: Record<string, Answer> = {}
  for (const step of steps) {
    const given = await ask(step.as, wantedOf(step, names))
    const json = parsed(given.body)
    const id = (json as { readonly id?: unknown } | undefined)?.id
    if (step.keepId !== undefined && typeof id === 'string') names.set(step.keepId, id)
    const answer = normal(given, json, new Masks(names, projects))
    answers[step.name] = step.path.startsWith('/schemas/') ? { ...answer, body: shapeOf(json) } : answer
  }
  return answers
}

function wantedOf(step: Step, names: ReadonlyMap<string, string>): Wanted {
  const filled = (text: string): string =>
    text.replaceAll(/\{([a-z-]+)\}/g, (all, name: string) => names.get(name) ?? all)
  const body = step.bytes ?? (step.body === undefined ? undefined : filled(JSON.stringify(step.body)))
  return {
    method: step.method,
    path: `/v2${filled(step.path)}`,
    headers: step.headers ?? {},
    body: body === undefined ? undefined : Buffer.from(body),
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

/** Of a schema what clients walk; sentences are everybody's own, and choices have no order. */
function shapeOf(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) {
    return name === 'enum' ? value.map(String).sort() : value.map((one) => shapeOf(one))
  }
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(
    ([member, one]) => member !== 'description' || typeof one !== 'string',
  )
  return Object.fromEntries(members.map(([member, one]) => [member, shapeOf(one, member)]))
}

/** Ids, projects and times are different every time. */
class Masks {
  readonly #known: readonly (readonly [string, string])[]

  constructor(
    names: ReadonlyMap<string, string>,
    { one, other }: { readonly one: string; readonly other: string },
  ) {
    this.#known = [
      ...[...names].map(([name, id]) => [id, `{${name}}`] as const),
      [one, '{one-project}'],
      [other, '{other-project}'],
    ]
  }

  text(text: string): string {
    if (/^\d{4}-\d\d-\d\dT[\d:]{8}Z$/.test(text)) return '{time}'
    return this.#known.reduce(
      (masked, [id, name]) => (id.length > 8 || masked === id ? masked.replaceAll(id, name) : masked),
      text,
    )
  }

  value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return value.map((one) => this.value(one))
    if (typeof value !== 'object' || value === null) return value
    // The real one had a store with a name; `stores` is compared elsewhere.
    const members = Object.entries(value).filter(([name]) => name !== 'stores')
    return Object.fromEntries(members.map(([name, one]) => [name, this.#member(name, one)]))
  }

  #member(name: string, value: unknown): unknown {
    const shown = this.value(value)
    // A set has no order.
    if (name === 'tags' && Array.isArray(shown) && shown.every((one) => typeof one === 'string'))
      return shown.map(String).sort((left, right) => (left < right ? -1 : 1))
    return name === 'owner' && !String(shown).startsWith('{') ? '{third-project}' : shown
  }
}

function normal({ status, headers, body }: Given, json: unknown, masks: Masks): Answer {
  const kept = HEADERS.flatMap((name) =>
    headers[name] === undefined ? [] : [[name, headers[name]] as const],
  )
  const type = headers['content-type'] ?? ''
  // Sentences are everybody's own.
  const isMessage = status >= 300
  const shown =
    isMessage || body.length === 0
      ? null
      : type.includes('json')
        ? masks.value(json)
        : body.toString('latin1')
  return { status, headers: Object.fromEntries(kept), body: shown }
}
