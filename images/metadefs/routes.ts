/** Requests about metadata definitions: `/v2/metadefs/…`. */
import { emptyAnswer, jsonAnswer } from '../answers.ts'
import { readLimit } from '../query/image-list.ts'
import { valueOf, writeParameters } from '../query/parameters.ts'
import { badRequest, conflict, notFound, Refusal } from '../refusal.ts'
import { type ImageRoute, route } from '../verbs/route.ts'
import type { ImageVerb, ImageVisit } from '../visit.ts'
import { changeNamespace, readAssociation, readNamespace, readPart, readTags } from './namespace-body.ts'
import type { MetadefItem, NamespaceRecord, PartKind } from './namespace-record.ts'
import {
  associationView,
  changedPartView,
  namespacePath,
  namespaceView,
  partsView,
  partView,
  wholeNamespaceView,
} from './namespace-view.ts'

const SORT_KEYS: Readonly<Record<string, (record: NamespaceRecord) => string | number>> = {
  namespace: ({ namespace }) => namespace,
  created_at: ({ createdAt }) => createdAt,
  updated_at: ({ updatedAt }) => updatedAt,
}

function now({ registry }: ImageVisit): number {
  return registry.environment.clock.wallMs()
}

const list: ImageVerb = async ({ registry, context, caller, query }) => {
  const limit = readLimit(valueOf(query, 'limit'), registry.options.limits)
  if (limit instanceof Refusal) return limit
  const sortKey = valueOf(query, 'sort_key') ?? 'created_at'
  const by = SORT_KEYS[sortKey]
  if (by === undefined) return badRequest(`Invalid sort key: ${sortKey}`)
  const visible = await registry.namespaces.visible(context, caller)
  if (visible instanceof Refusal) return visible
  const direction = valueOf(query, 'sort_dir') ?? 'desc'
  if (direction !== 'asc' && direction !== 'desc') return badRequest(`Invalid sort direction: ${direction}`)
  const sign = direction === 'asc' ? 1 : -1
  const visibility = valueOf(query, 'visibility')
  if (visibility !== undefined && visibility !== 'public' && visibility !== 'private') {
    return badRequest(`Invalid visibility value: ${visibility}`)
  }
  const types = valueOf(query, 'resource_types')?.split(',')
  const wanted = visible
    .filter((one) => visibility === undefined || one.visibility === visibility)
    .filter((one) => types === undefined || types.some((type) => Object.hasOwn(one.associations, type)))
    .toSorted((left, right) => (by(left) < by(right) ? -sign : sign))
  const marker = valueOf(query, 'marker')
  const start = marker === undefined ? 0 : wanted.findIndex(({ namespace }) => namespace === marker) + 1
  if (marker !== undefined && start === 0)
    return notFound(`Metadata definition namespace=${marker} was not found.`)
  const page = wanted.slice(start, start + limit)
  const last = page.length === limit ? page.at(-1) : undefined
  const link = (after: string | undefined): string =>
    ['/v2/metadefs/namespaces', writeParameters(query, { marker: after })]
      .filter((part) => part !== '')
      .join('?')
  return jsonAnswer(200, {
    namespaces: page.map(namespaceView),
    first: link(undefined),
    schema: '/v2/schemas/metadefs/namespaces',
    ...(last === undefined ? {} : { next: link(last.namespace) }),
  })
}

const create: ImageVerb = async (visit) => {
  const { registry, context, caller, json, baseUrl } = visit
  const record = readNamespace(json, caller, now(visit))
  if (record instanceof Refusal) return record
  const made = await registry.namespaces.create(context, caller, record)
  if (made instanceof Refusal) return made
  const location = `${baseUrl}${namespacePath(made.namespace)}`
  return jsonAnswer(201, wholeNamespaceView(made, ''), { location })
}

const show: ImageVerb = async ({ registry, context, caller, names: [name = ''], query }) => {
  const record = await registry.namespaces.find(context, caller, name)
  if (record instanceof Refusal) return record
  const type = valueOf(query, 'resource_type')
  const association = type === undefined ? undefined : record.associations[type]
  return jsonAnswer(200, wholeNamespaceView(record, association?.prefix ?? ''))
}

const change: ImageVerb = async (visit) => {
  const { registry, context, caller, json, names } = visit
  const [name = ''] = names
  const changed = await registry.namespaces.change(context, caller, name, (record) => {
    const next = changeNamespace(record, json, caller, now(visit))
    if (next instanceof Refusal || next.namespace === name) return next
    return RENAMED
  })
  if (changed === RENAMED) return await renamed(visit)
  return changed instanceof Refusal ? changed : jsonAnswer(200, namespaceView(changed))
}

const RENAMED = badRequest('A namespace cannot be renamed; make another one.')

/** The name that was wanted may be somebody else's. */
async function renamed({ registry, context, caller, json }: ImageVisit): Promise<Refusal> {
  const { namespace } = json as { readonly namespace: string }
  const other = await registry.namespaces.find(context, caller, namespace)
  return other instanceof Refusal ? RENAMED : conflict(`The namespace ${namespace} is there already.`)
}

const remove: ImageVerb = async ({ registry, context, caller, names: [name = ''] }) =>
  (await registry.namespaces.remove(context, caller, name)) ?? emptyAnswer(204)

/** All that is the same for properties, objects and tags. */
function partVerbs(
  kind: PartKind,
): Readonly<Record<'list' | 'add' | 'show' | 'change' | 'remove' | 'clear', ImageVerb>> {
  const withParts = (
    { registry, context, caller, names: [name = ''] }: ImageVisit,
    apply: (parts: NamespaceRecord[PartKind]) => NamespaceRecord[PartKind] | Refusal,
  ): Promise<NamespaceRecord | Refusal> =>
    registry.namespaces.change(context, caller, name, (record) => {
      const parts = apply(record[kind])
      return parts instanceof Refusal ? parts : { ...record, [kind]: parts }
    })
  const missing = (name: string): Refusal => notFound(`There is no such thing as ${name} among the ${kind}.`)
  return {
    list: async ({ registry, context, caller, names: [name = ''] }) => {
      const record = await registry.namespaces.find(context, caller, name)
      return record instanceof Refusal ? record : jsonAnswer(200, partsView(kind, record))
    },
    add: async (visit) => {
      const part = readPart(kind, visit.json ?? { name: visit.names[1] }, now(visit))
      if (part instanceof Refusal) return part
      const changed = await withParts(visit, (parts) =>
        Object.hasOwn(parts, part.name)
          ? conflict(`${part.name} is among the ${kind} already.`)
          : { ...parts, [part.name]: part.item },
      )
      if (changed instanceof Refusal) return changed
      return jsonAnswer(201, changedPartView(kind, changed.namespace, part.name, part.item))
    },
    show: async ({ registry, context, caller, names: [name = '', asked = ''], query }) => {
      const record = await registry.namespaces.find(context, caller, name)
      if (record instanceof Refusal) return record
      const wanted = kind === 'properties' ? ownName(record, asked, valueOf(query, 'resource_type')) : asked
      if (wanted instanceof Refusal) return wanted
      const item = record[kind][wanted]
      return item === undefined
        ? missing(wanted)
        : jsonAnswer(200, partView(kind, record.namespace, wanted, item))
    },
    change: async (visit) => {
      const [, old = ''] = visit.names
      const part = readPart(kind, visit.json, now(visit))
      if (part instanceof Refusal) return part
      const changed = await withParts(visit, (parts) => {
        const { [old]: before, ...rest } = parts
        if (before === undefined) return missing(old)
        if (Object.hasOwn(rest, part.name)) return conflict(`${part.name} is among the ${kind} already.`)
        return { ...rest, [part.name]: { ...part.item, createdAt: before.createdAt } }
      })
      if (changed instanceof Refusal) return changed
      const item = changed[kind][part.name] ?? part.item
      return jsonAnswer(200, changedPartView(kind, changed.namespace, part.name, item))
    },
    remove: async (visit) => {
      const [, gone = ''] = visit.names
      const changed = await withParts(visit, (parts) => {
        const { [gone]: before, ...rest } = parts
        return before === undefined ? missing(gone) : rest
      })
      return changed instanceof Refusal ? changed : emptyAnswer(204)
    },
    clear: async (visit) => {
      const changed = await withParts(visit, () => ({}))
      return changed instanceof Refusal ? changed : emptyAnswer(204)
    },
  }
}

/** The name of a property in its namespace, as a type of resource calls it. */
function ownName(
  { associations }: NamespaceRecord,
  asked: string,
  type: string | undefined,
): string | Refusal {
  if (type === undefined) return asked
  const association = associations[type]
  if (association === undefined) return notFound(`The namespace is not for ${type}.`)
  const prefix = association.prefix ?? ''
  return asked.startsWith(prefix)
    ? asked.slice(prefix.length)
    : notFound(`Property ${asked} does not start with the prefix '${prefix}' of ${type}.`)
}

/** Replaces all tags; adds to them where a header says so. */
const putTags: ImageVerb = async (visit) => {
  const { registry, context, caller, json, names, request } = visit
  const tags = readTags(json, now(visit))
  if (tags instanceof Refusal) return tags
  const isAppended = request.headers['x-openstack-append']?.toLowerCase() === 'true'
  const changed = await registry.namespaces.change(context, caller, names[0] ?? '', (record) => ({
    ...record,
    tags: isAppended ? { ...record.tags, ...tags } : tags,
  }))
  if (changed instanceof Refusal) return changed
  return jsonAnswer(201, partsView('tags', { ...changed, tags }))
}

/** Types that user interfaces know of, whether or not a namespace is for them. */
const KNOWN_TYPES = [
  'OS::Cinder::Volume',
  'OS::Glance::Image',
  'OS::Nova::Aggregate',
  'OS::Nova::Flavor',
  'OS::Nova::Server',
]

const types: ImageVerb = async ({ registry, context, caller }) => {
  const visible = await registry.namespaces.visible(context, caller)
  if (visible instanceof Refusal) return visible
  const names = new Set([...KNOWN_TYPES, ...visible.flatMap(({ associations }) => Object.keys(associations))])
  return jsonAnswer(200, {
    resource_types: [...names].map((name) => ({ name })),
    schema: '/v2/schemas/metadefs/resource_types',
  })
}

const associations: ImageVerb = async ({ registry, context, caller, names: [name = ''] }) => {
  const record = await registry.namespaces.find(context, caller, name)
  if (record instanceof Refusal) return record
  const all = Object.entries(record.associations).map(([type, one]) => associationView(type, one))
  return jsonAnswer(200, { resource_type_associations: all })
}

const associate: ImageVerb = async (visit) => {
  const { registry, context, caller, json, names } = visit
  const read = readAssociation(json, now(visit))
  if (read instanceof Refusal) return read
  const changed = await registry.namespaces.change(context, caller, names[0] ?? '', (record) =>
    Object.hasOwn(record.associations, read.name)
      ? conflict(`The namespace is for ${read.name} already.`)
      : { ...record, associations: { ...record.associations, [read.name]: read.association } },
  )
  return changed instanceof Refusal ? changed : jsonAnswer(201, associationView(read.name, read.association))
}

const dissociate: ImageVerb = async ({ registry, context, caller, names: [name = '', type = ''] }) => {
  const changed = await registry.namespaces.change(context, caller, name, (record) => {
    const { [type]: before, ...rest } = record.associations
    return before === undefined
      ? notFound(`The namespace is not for ${type}.`)
      : { ...record, associations: rest }
  })
  return changed instanceof Refusal ? changed : emptyAnswer(204)
}

const TAG_KEYS: Readonly<Record<string, (name: string, item: MetadefItem) => string | number>> = {
  name: (name) => name,
  created_at: (_name, { createdAt }) => createdAt,
  updated_at: (_name, { updatedAt }) => updatedAt,
}

/** Tags are sorted, and come by page. */
const listTags: ImageVerb = async ({ registry, context, caller, names: [name = ''], query }) => {
  const limit = valueOf(query, 'limit')
  const most = limit === undefined ? Infinity : readLimit(limit, registry.options.limits)
  if (most instanceof Refusal) return most
  const by = TAG_KEYS[valueOf(query, 'sort_key') ?? 'created_at']
  const direction = valueOf(query, 'sort_dir') ?? 'desc'
  if (by === undefined) return badRequest('Sort key supplied was not valid.')
  if (direction !== 'asc' && direction !== 'desc') return badRequest(`Invalid sort direction: ${direction}`)
  const record = await registry.namespaces.find(context, caller, name)
  if (record instanceof Refusal) return record
  const sign = direction === 'asc' ? 1 : -1
  const sorted = Object.entries(record.tags).toSorted((left, right) => {
    const [one, other] = [by(...left), by(...right)]
    if (one !== other) return one < other ? -sign : sign
    return left[0] < right[0] ? -1 : 1
  })
  const marker = valueOf(query, 'marker')
  const start = marker === undefined ? 0 : sorted.findIndex(([tag]) => tag === marker) + 1
  if (marker !== undefined && start === 0) return notFound(`There is no tag ${marker}.`)
  return jsonAnswer(200, { tags: sorted.slice(start, start + most).map(([tag]) => ({ name: tag })) })
}

const NAMESPACE = '/metadefs/namespaces/:namespace'

function partRoutes(kind: PartKind): readonly ImageRoute[] {
  const verbs = partVerbs(kind)
  const path = `${NAMESPACE}/${kind}`
  const isTag = kind === 'tags'
  return [
    route('GET', path, isTag ? listTags : verbs.list, 'ignored'),
    route('POST', path, isTag ? putTags : verbs.add, 'json'),
    route('DELETE', path, verbs.clear, 'ignored'),
    route('GET', `${path}/:name`, verbs.show, 'ignored'),
    ...(isTag ? [route('POST', `${path}/:name`, verbs.add, 'ignored')] : []),
    route('PUT', `${path}/:name`, verbs.change, 'json'),
    route('DELETE', `${path}/:name`, verbs.remove, 'ignored'),
  ]
}

export const metadefRoutes: readonly ImageRoute[] = [
  route('GET', '/metadefs/namespaces', list, 'ignored'),
  route('POST', '/metadefs/namespaces', create, 'json'),
  route('GET', NAMESPACE, show, 'ignored'),
  route('PUT', NAMESPACE, change, 'json'),
  route('DELETE', NAMESPACE, remove, 'ignored'),
  ...partRoutes('properties'),
  ...partRoutes('objects'),
  ...partRoutes('tags'),
  route('GET', '/metadefs/resource_types', types, 'ignored'),
  route('GET', `${NAMESPACE}/resource_types`, associations, 'ignored'),
  route('POST', `${NAMESPACE}/resource_types`, associate, 'json'),
  route('DELETE', `${NAMESPACE}/resource_types/:type`, dissociate, 'ignored'),
]
