/**
 * An image of another registry, for `glance-download`: what it is, and its bytes. Registries are named by the operator, and
 * so may be anywhere; where they redirect to is checked like any address of `web-download`, and hears of no token.
 */
import { readWhole } from '#http/message.ts'
import type { OutsideFetch } from '#http/outside-client.ts'
import { isObject } from '../model/json-schema.ts'
import { badRequest, Refusal, unavailable } from '../refusal.ts'
import type { HeldSession } from '../remote/swift-sign-in.ts'
import type { FetchRules } from './address-rules.ts'
import { openWebSource, type WebSource } from './web-source.ts'

/** A registry that images can be fetched from. */
export interface GlanceRegion {
  readonly name: string
  /** Where the Images API is, without the version; the catalogue tells where nobody else does. */
  readonly url: string | undefined
  /** Who we are there; without it whoever imports is the same person in both places, and shows the same token. */
  readonly session: HeldSession | undefined
}

export interface GlanceImage {
  readonly diskFormat: string
  readonly containerFormat: string
  readonly sizeBytes: number
  /** SHA-512 or MD5 that the bytes must have, hex. */
  readonly hash: { readonly of: 'hashValue' | 'checksum'; readonly value: string } | undefined
  /** Those that come along. */
  readonly properties: Readonly<Record<string, string>>
}

export interface GlanceDeps {
  readonly fetch: OutsideFetch
  readonly rules: FetchRules
  readonly region: GlanceRegion
  readonly imageId: string
  /** Of whoever imports. */
  readonly token: string
}

/** Beginnings of the names of properties that come along (OpenStack Glance, `glance_download_properties`). */
const COMING_ALONG = ['hw_', 'trait:', 'os_distro', 'os_secure_boot', 'os_type']
/** An image with all its properties has less. Bytes. */
const IMAGE_BYTES = 1024 * 1024

export interface GlanceSource {
  readonly image: GlanceImage
  /** Opens its bytes. */
  readonly open: () => Promise<WebSource | Refusal>
}

/** What the other registry says of the image; a refusal says what was wrong with it. */
export async function findGlanceImage(deps: GlanceDeps): Promise<GlanceSource | Refusal> {
  const place = await placeOf(deps)
  if (place instanceof Refusal) return place
  const open = (path: string): Promise<WebSource | Refusal> =>
    openWebSource(deps.fetch, deps.rules, `${place.base}/v2/images/${deps.imageId}${path}`, {
      trusted: new URL(place.base).host,
      headers: { 'x-auth-token': place.token },
    })
  const described = await open('')
  if (described instanceof Refusal) return described
  const image = imageOf(await jsonOf(described))
  return image instanceof Refusal ? image : { image, open: () => open('/file') }
}

async function placeOf({
  region,
  token,
}: GlanceDeps): Promise<{ readonly base: string; readonly token: string } | Refusal> {
  const session = await region.session?.get()
  if (session?.kind === 'unreachable') {
    return unavailable(`The registry of region ${region.name} cannot be asked: ${session.reason}.`)
  }
  const url = region.url ?? session?.url.href
  if (url === undefined) return badRequest(`It is not known where the registry of region ${region.name} is.`)
  return { base: url.replace(/\/+$/, '').replace(/\/v2(?:\.\d+)?$/, ''), token: session?.token ?? token }
}

async function jsonOf({ source }: WebSource): Promise<unknown> {
  try {
    return JSON.parse((await readWhole(source, IMAGE_BYTES)).toString('utf8'))
  } catch {
    return undefined
  }
}

function imageOf(body: unknown): GlanceImage | Refusal {
  if (!isObject(body)) return badRequest('The other registry does not say what the image is.')
  const { status, disk_format: diskFormat, container_format: containerFormat, size } = body
  if (status !== 'active') {
    return badRequest(`Source image status should be active instead of ${String(status)}`)
  }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    return badRequest('The other registry does not say how long the image is.')
  }
  if (typeof diskFormat !== 'string' || typeof containerFormat !== 'string') {
    return badRequest('The other registry does not say of what format the image is.')
  }
  return {
    diskFormat,
    containerFormat,
    sizeBytes: size,
    hash: hashOf(body),
    properties: Object.fromEntries(comingAlong(body)),
  }
}

function hashOf(body: Readonly<Record<string, unknown>>): GlanceImage['hash'] {
  const { os_hash_algo: algorithm, os_hash_value: value, checksum } = body
  if (algorithm === 'sha512' && typeof value === 'string') {
    return { of: 'hashValue', value: value.toLowerCase() }
  }
  return typeof checksum === 'string' ? { of: 'checksum', value: checksum.toLowerCase() } : undefined
}

function comingAlong(body: Readonly<Record<string, unknown>>): readonly (readonly [string, string])[] {
  return Object.entries(body).flatMap(([name, value]) => {
    const comes = COMING_ALONG.some((beginning) => name.startsWith(beginning))
    return comes && typeof value === 'string' && !name.startsWith('os_glance') ? [[name, value] as const] : []
  })
}
