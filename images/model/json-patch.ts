/**
 * The two notations of changes to an image: JSON Patch as of draft 10 of its RFC (`{"op", "path", "value"}`) and as of draft 4
 * (`{"add": path, "value"}`), each with a media type of its own. Both become the same operations. Pure.
 */
import { badRequest, Refusal } from '../refusal.ts'
import { IMAGE_SCHEMA } from './image-schema.ts'
import { isObject, violation } from './json-schema.ts'
import { refusedName } from './property-names.ts'

export type PatchDraft = 'draft_4' | 'draft_10'

const MEDIA_TYPES: ReadonlyMap<string, PatchDraft> = new Map([
  ['application/openstack-images-v2.0-json-patch', 'draft_4'],
  ['application/openstack-images-v2.1-json-patch', 'draft_10'],
])

const ACCEPTED = [...MEDIA_TYPES.keys()].join(', ')

export type PatchOperation =
  | {
      readonly op: 'add' | 'replace'
      readonly name: string
      /** `3` or `-` of `/locations/3`. */
      readonly position: string | undefined
      readonly value: unknown
      /** In draft 4 something that is there cannot be added. */
      readonly draft: PatchDraft
    }
  | { readonly op: 'remove'; readonly name: string; readonly position: string | undefined }

type Op = PatchOperation['op']

/** Which notation a `Content-Type` announces; 415 that names both otherwise. */
export function patchDraft(contentType: string | undefined): PatchDraft | Refusal {
  const mediaType = (contentType ?? '').split(';', 1)[0]?.trim() ?? ''
  const draft = MEDIA_TYPES.get(mediaType)
  if (draft !== undefined) return draft
  const message = `Image PATCH expects Content-Type one of: ${ACCEPTED}`
  return new Refusal(415, message, { 'accept-patch': ACCEPTED })
}

/** All operations of a body of parsed JSON; the first that is wrong refuses them all. */
export function readPatch(body: unknown, draft: PatchDraft): readonly PatchOperation[] | Refusal {
  if (!Array.isArray(body)) return badRequest('Request body must be a JSON array of operation objects.')
  const operations: PatchOperation[] = []
  for (const raw of body as readonly unknown[]) {
    const operation = isObject(raw)
      ? readOperation(raw, draft)
      : badRequest('Operations must be JSON objects.')
    if (operation instanceof Refusal) return operation
    operations.push(operation)
  }
  return operations
}

type Raw = Readonly<Record<string, unknown>>

function readOperation(raw: Raw, draft: PatchDraft): PatchOperation | Refusal {
  const named = draft === 'draft_10' ? namedByMembers(raw) : namedByKey(raw)
  if (named instanceof Refusal) return named
  const tokens = pointerTokens(named.path)
  if (tokens instanceof Refusal) return tokens
  if (tokens.length !== depth(tokens[0], named.op)) {
    return badRequest(`Invalid JSON pointer for this resource: '/${tokens.join('/')}'`)
  }
  return operationOf(raw, named.op, tokens, draft)
}

function operationOf(raw: Raw, op: Op, tokens: Tokens, draft: PatchDraft): PatchOperation | Refusal {
  const [name, position] = tokens
  if (op !== 'remove' && !Object.hasOwn(raw, 'value')) {
    return badRequest(`Operation "${op}" requires a member named "value".`)
  }
  const refused = refusedName(name, 'change')
  if (refused !== undefined) return refused
  if (op === 'remove') return { op, name, position }
  const value = raw['value']
  const checked = position === undefined ? { [name]: value } : { [name]: [value] }
  const wrong = violation(checked, IMAGE_SCHEMA)
  if (wrong !== undefined) return badRequest(`Provided object does not match schema 'image': ${wrong}`)
  return { op, name, position, value, draft }
}

interface Named {
  readonly op: Op
  readonly path: unknown
}

const OPS: readonly Op[] = ['add', 'remove', 'replace']

function namedByMembers(raw: Raw): Named | Refusal {
  const must = `It must be one of the following: ${OPS.join(', ')}.`
  const { op } = raw as { readonly op?: unknown }
  if (op === undefined || op === null) return badRequest(`Unable to find 'op' in JSON Schema change. ${must}`)
  const known = OPS.find((one) => one === op)
  if (known === undefined) return badRequest(`Invalid operation: '${String(op)}'. ${must}`)
  if (!Object.hasOwn(raw, 'path')) return badRequest("Unable to find 'path' in JSON Schema change")
  return { op: known, path: raw['path'] }
}

function namedByKey(raw: Raw): Named | Refusal {
  const [op, ...others] = OPS.filter((one) => Object.hasOwn(raw, one))
  if (op === undefined || others.length > 0) {
    return badRequest(
      'Operation objects must contain exactly one member named "add", "remove", or "replace".',
    )
  }
  return { op, path: raw[op] }
}

type Tokens = readonly [string, ...string[]]

/** The names in a JSON pointer; `~1` stands for a slash and `~0` for a tilde. */
function pointerTokens(pointer: unknown): Tokens | Refusal {
  if (typeof pointer !== 'string') return badRequest('The path of an operation must be a text.')
  const wrong = wrongPointer(pointer)
  if (wrong !== undefined) return badRequest(`Pointer '${pointer}' ${wrong}.`)
  const tokens = pointer.replace(/^\/+/, '').split('/')
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~').trim()) as [
    string,
    ...string[],
  ]
}

function wrongPointer(pointer: string): string | undefined {
  if (!pointer.startsWith('/')) return 'does not start with "/"'
  if (/\/\s*\//.test(pointer.slice(1))) return 'contains adjacent "/"'
  if (pointer.length > 1 && pointer.endsWith('/')) return 'ends with "/"'
  if (pointer.slice(1).trim() === '') return 'does not contain a valid token'
  if (/~(?![01])/.test(pointer)) return 'contains "~" that is not part of an escape sequence'
  return undefined
}

/** Only locations are reached into. */
function depth(name: string, op: Op): number {
  return name === 'locations' && op !== 'replace' ? 2 : 1
}
