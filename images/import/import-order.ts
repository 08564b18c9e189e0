/** What `POST /images/{id}/import` asks for, read and checked as far as it can be without the image. */
import type { HeaderMap } from '#http/message.ts'
import type { ImageStore } from '../data/image-store.ts'
import { isObject } from '../model/json-schema.ts'
import type { ImportMethod } from '../options.ts'
import { badRequest, conflict, Refusal } from '../refusal.ts'
import type { Registry } from '../registry.ts'
import { uriRefusal } from './address-rules.ts'
import type { GlanceRegion } from './glance-source.ts'

/** An image of another registry. */
export interface ElsewhereImage {
  readonly region: GlanceRegion
  readonly imageId: string
  /** Of whoever imports; it is in no record. */
  readonly token: string
}

export interface ImportOrder {
  readonly method: ImportMethod
  /** Where the image is to be. */
  readonly stores: readonly ImageStore[]
  /** Every store was asked for: those that have the image already are left out. */
  readonly isForAll: boolean
  /** One failure undoes everything. */
  readonly mustAllSucceed: boolean
  /** Disks of an OVA become images, too. */
  readonly extractsDisks: boolean
  /** Of `web-download`. */
  readonly uri: string | undefined
  /** Of `glance-download`. */
  readonly elsewhere: ElsewhereImage | undefined
  /** As it was sent, for the task. */
  readonly body: Readonly<Record<string, unknown>>
}

type Body = Readonly<Record<string, unknown>>

/** The body, and what of the headers belongs to it. */
export function readImportOrder(
  registry: Registry,
  body: unknown,
  headers: HeaderMap,
): ImportOrder | Refusal {
  if (!isObject(body)) return badRequest('The body must be a JSON object.')
  const method = methodOf(registry, body)
  if (method instanceof Refusal) return method
  const flags = flagsOf(body)
  if (flags instanceof Refusal) return flags
  const stores = storesOf(registry, body, headers['x-image-meta-store'], flags.all)
  if (stores instanceof Refusal) return stores
  if (!flags.mustAllSucceed && !registry.stores.areSeveral) {
    return badRequest("'all_stores_must_succeed' is only for installations with several stores.")
  }
  const uri = method === 'web-download' ? uriOf(registry, body) : undefined
  if (uri instanceof Refusal) return uri
  const token = headers['x-auth-token'] ?? ''
  const elsewhere = method === 'glance-download' ? elsewhereOf(registry, body, token) : undefined
  if (elsewhere instanceof Refusal) return elsewhere
  const { all: isForAll, mustAllSucceed, extractsDisks } = flags
  return { method, stores, elsewhere, isForAll, mustAllSucceed, extractsDisks, uri, body }
}

function methodOf({ options }: Registry, body: Body): ImportMethod | Refusal {
  const { method } = body as { readonly method?: unknown }
  if (!isObject(method)) return badRequest("Import request requires a 'method' field.")
  const { name } = method as { readonly name?: unknown }
  if (name === undefined) return badRequest("Import request requires a 'name' field.")
  const known = options.importMethods.find((one) => one === name)
  return known ?? badRequest(`Unknown import method name '${String(name)}'.`)
}

interface Flags {
  readonly all: boolean
  readonly mustAllSucceed: boolean
  readonly extractsDisks: boolean
}

/** `extract_disks` is ours. */
function flagsOf(body: Body): Flags | Refusal {
  const { all_stores: all = false, all_stores_must_succeed: mustAllSucceed = true } = body
  const { extract_disks: extractsDisks = false } = body
  if (typeof extractsDisks !== 'boolean') return badRequest("'extract_disks' must be boolean value only")
  if (typeof mustAllSucceed !== 'boolean')
    return badRequest("'all_stores_must_succeed' must be boolean value only")
  if (typeof all !== 'boolean') return badRequest("'all_stores' must be boolean value only")
  return { all, mustAllSucceed, extractsDisks }
}

function storesOf(
  { stores }: Registry,
  body: Body,
  header: string | undefined,
  all: boolean,
): readonly ImageStore[] | Refusal {
  const listed = body['stores']
  if (all) {
    if (listed === undefined && header === undefined) return stores.writable
    return badRequest(
      "'all_stores' cannot be used with the x-image-meta-store header or the 'stores' parameter.",
    )
  }
  if (listed !== undefined && header !== undefined) {
    return badRequest("The 'stores' parameter and the x-image-meta-store header cannot be both specified.")
  }
  if (listed !== undefined && !Array.isArray(listed)) return badRequest("'stores' must be a list.")
  const ids = (listed as readonly unknown[] | undefined) ?? [header ?? stores.default.id]
  const found: ImageStore[] = []
  for (const id of new Set(ids)) {
    const store = stores.find(String(id))
    if (store === undefined || store.access !== 'writable') return conflict(`Unknown store '${String(id)}'.`)
    found.push(store)
  }
  return found.length > 0 ? found : badRequest("'stores' is empty.")
}

function uriOf({ options }: Registry, body: Body): string | Refusal {
  const { uri } = body['method'] as { readonly uri?: unknown }
  if (typeof uri !== 'string') return badRequest("Import request requires a 'uri' for web-download.")
  const refused = uriRefusal(uri, options.fetchRules)
  return refused === undefined ? uri : badRequest(`URI for web-download does not pass filtering: ${refused}.`)
}

const UUID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i
const INTERFACES: readonly unknown[] = ['public', 'internal', 'admin']

/** Regions are compared without case, as OpenStack Glance does. */
function elsewhereOf({ regions }: Registry, body: Body, token: string): ElsewhereImage | Refusal {
  const method = body['method'] as Body
  const { glance_region: name, glance_image_id: imageId } = method
  for (const needed of ['glance_region', 'glance_image_id']) {
    if (typeof method[needed] !== 'string') {
      return badRequest(`'${needed}' needs to be set for glance-download import method`)
    }
  }
  if (!UUID.test(String(imageId))) {
    return badRequest(`Remote image id does not look like a UUID: ${String(imageId)}`)
  }
  if (!INTERFACES.includes(method['glance_service_interface'] ?? 'public')) {
    return badRequest("'glance_service_interface' is public, internal or admin.")
  }
  const region = regions.find((one) => one.name.toLowerCase() === String(name).toLowerCase())
  if (region === undefined) return badRequest(`There is no registry of region '${String(name)}'.`)
  return { region, imageId: String(imageId), token }
}
