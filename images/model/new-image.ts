/** What a client says of a new image, read from the body of POST. */
import type { Caller } from '../caller.ts'
import { type ImageLimits, isOver } from '../limits.ts'
import { mayChange, notPermitted, visibilityRefused } from '../policy.ts'
import { badRequest, forbidden, overLimit, type Refusal } from '../refusal.ts'
import type { ImageDraft, Visibility } from './image-record.ts'
import { IMAGE_SCHEMA, isBaseProperty, NAME_LENGTH } from './image-schema.ts'
import { isObject, violation } from './json-schema.ts'
import { refusedName } from './property-names.ts'

export interface NewImage {
  /** Chosen by the client, or `undefined`. */
  readonly id: string | undefined
  readonly draft: ImageDraft
}

type Members = Readonly<Record<string, unknown>>

/** The draft of an image of the caller's; `body` is parsed JSON. */
export function readNewImage(body: unknown, caller: Caller, limits: ImageLimits): NewImage | Refusal {
  if (!isObject(body)) return badRequest('The body must be a JSON object.')
  const refusal = refusedMembers(body)
  if (refusal !== undefined) return refusal
  const draft = draftOf(body, caller)
  return (
    notForCaller(draft, caller) ??
    tooMany(draft, limits) ?? { id: (body['id'] as string | undefined)?.toLowerCase(), draft }
  )
}

function refusedMembers(body: Members): Refusal | undefined {
  const names = Object.keys(body)
  const direct = names.find((name) => ['direct_url', 'self', 'file', 'schema', 'stores'].includes(name))
  if (direct !== undefined) return forbidden(`Attribute '${direct}' is read-only.`)
  const wrong = violation(body, IMAGE_SCHEMA)
  if (wrong !== undefined) return badRequest(`Provided object does not match schema 'image': ${wrong}`)
  const numbers = ['min_ram', 'min_disk'].map((name) =>
    outOfRange(name, (body[name] as number | undefined) ?? 0),
  )
  const odd = numbers.find((refused) => refused !== undefined)
  if (odd !== undefined) return odd
  if (names.some((name) => name.length > NAME_LENGTH)) {
    return badRequest(`Custom property should not be greater than ${NAME_LENGTH} characters.`)
  }
  if (names.includes('locations')) return forbidden("Attribute 'locations' is reserved.")
  return names.map((name) => refusedName(name, 'create')).find((refused) => refused !== undefined)
}

/** Largest number of a column of Glance's. */
const NUMBER_MAX = 2_147_483_647

/** 400 for a number that cannot be kept. */
export function outOfRange(name: string, value: number): Refusal | undefined {
  if (value < 0) {
    return badRequest(`Invalid value '${value}' for parameter '${name}'. Cannot be a negative value`)
  }
  return value > NUMBER_MAX
    ? badRequest(`'${name}' value out of range, must not exceed ${NUMBER_MAX}.`)
    : undefined
}

function draftOf(body: Members, caller: Caller): ImageDraft {
  return {
    name: (body['name'] as string | null | undefined) ?? null,
    visibility: (body['visibility'] as Visibility | undefined) ?? 'shared',
    isProtected: body['protected'] === true,
    isHidden: body['os_hidden'] === true,
    owner: body['owner'] === undefined ? (caller.projectId ?? null) : (body['owner'] as string | null),
    minRam: (body['min_ram'] as number | undefined) ?? 0,
    minDisk: (body['min_disk'] as number | undefined) ?? 0,
    containerFormat: (body['container_format'] as string | null | undefined) ?? null,
    diskFormat: (body['disk_format'] as string | null | undefined) ?? null,
    tags: [...new Set((body['tags'] as readonly string[] | undefined) ?? [])],
    properties: customIn(body),
  }
}

function customIn(body: Members): Readonly<Record<string, string | null>> {
  const custom = Object.entries(body).filter(([name]) => !isBaseProperty(name))
  return Object.fromEntries(custom) as Record<string, string | null>
}

function notForCaller(draft: ImageDraft, caller: Caller): Refusal | undefined {
  if (!mayChange(caller, draft)) {
    return draft.owner === caller.projectId
      ? notPermitted('add_image')
      : forbidden(`You are not permitted to create images owned by '${draft.owner}'.`)
  }
  return visibilityRefused(caller, draft.visibility)
}

/** 413 for more tags or custom properties than are allowed. */
export function tooMany(
  { properties, tags }: Pick<ImageDraft, 'properties' | 'tags'>,
  limits: ImageLimits,
): Refusal | undefined {
  const count = Object.keys(properties).length
  if (isOver(count, limits.properties)) {
    return overLimit(
      `The limit has been exceeded on the number of allowed image properties. Attempted: ${count}, Maximum: ${limits.properties}`,
    )
  }
  if (!isOver(tags.length, limits.tags)) return undefined
  return overLimit(
    `The limit has been exceeded on the number of allowed image tags. Attempted: ${tags.length}, Maximum: ${limits.tags}`,
  )
}
