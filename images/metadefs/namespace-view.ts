/** Namespaces and what is in them, as clients see them. */
import type { Json } from '../answers.ts'
import { isoSeconds } from '../model/image-view.ts'
import { isObject } from '../model/json-schema.ts'
import type { Association, MetadefItem, NamespaceRecord, PartKind } from './namespace-record.ts'

type View = Readonly<Record<string, Json>>

function times({ createdAt, updatedAt }: { readonly createdAt: number; readonly updatedAt: number }): View {
  return { created_at: isoSeconds(createdAt), updated_at: isoSeconds(updatedAt) }
}

export function namespacePath(namespace: string): string {
  return `/v2/metadefs/namespaces/${segment(namespace)}`
}

/** Colons stand for themselves in a path: most names have them. */
function segment(name: string): string {
  return encodeURIComponent(name).replaceAll('%3A', ':')
}

export function namespaceView(record: NamespaceRecord): View {
  const associations = Object.entries(record.associations).map(([name, one]) => associationView(name, one))
  return {
    namespace: record.namespace,
    ...(record.displayName === null ? {} : { display_name: record.displayName }),
    ...(record.description === null ? {} : { description: record.description }),
    visibility: record.visibility,
    protected: record.isProtected,
    owner: record.owner,
    ...times(record),
    ...(associations.length === 0 ? {} : { resource_type_associations: associations }),
    self: namespacePath(record.namespace),
    schema: '/v2/schemas/metadefs/namespace',
  }
}

/** With everything in it, where there is something. `prefix` goes before the names of properties. */
export function wholeNamespaceView(record: NamespaceRecord, prefix: string): View {
  const properties = Object.entries(record.properties).map(
    ([name, { body }]) => [`${prefix}${name}`, body] as const,
  )
  const objects = Object.entries(record.objects).map(([name, item]) => ({
    required: [],
    ...objectView(record.namespace, name, prefixed(item, prefix)),
  }))
  const tags = Object.keys(record.tags)
    .toSorted()
    .map((name) => ({ name }))
  return {
    ...namespaceView(record),
    ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
    ...(objects.length === 0 ? {} : { objects }),
    ...(tags.length === 0 ? {} : { tags }),
  }
}

/** The names of an object's properties, too. */
function prefixed(item: MetadefItem, prefix: string): MetadefItem {
  const { properties } = item.body
  if (properties === undefined || prefix === '' || !isObject(properties)) return item
  const renamed = Object.entries(properties).map(([name, one]) => [`${prefix}${name}`, one as Json] as const)
  return { ...item, body: { ...item.body, properties: Object.fromEntries(renamed) } }
}

export function associationView(name: string, association: Association): View {
  return {
    name,
    ...(association.prefix === null ? {} : { prefix: association.prefix }),
    ...(association.propertiesTarget === null ? {} : { properties_target: association.propertiesTarget }),
    ...times(association),
  }
}

export function objectView(namespace: string, name: string, { body, ...at }: MetadefItem): View {
  return {
    name,
    ...body,
    ...times(at),
    self: `${namespacePath(namespace)}/objects/${segment(name)}`,
    schema: '/v2/schemas/metadefs/object',
  }
}

/** An object that was given no properties has none, and needs none. */
function wholeObjectView(namespace: string, name: string, item: MetadefItem): View {
  return { required: [], properties: {}, ...objectView(namespace, name, item) }
}

/** One part by itself. */
export function partView(kind: PartKind, namespace: string, name: string, item: MetadefItem): View {
  if (kind === 'objects') return wholeObjectView(namespace, name, item)
  return changedPartView(kind, namespace, name, item)
}

/** One part as it was just given. */
export function changedPartView(kind: PartKind, namespace: string, name: string, item: MetadefItem): View {
  if (kind === 'objects') return objectView(namespace, name, item)
  return kind === 'tags' ? { name, ...times(item) } : { name, ...item.body }
}

/** All parts of a kind. */
export function partsView(kind: PartKind, record: NamespaceRecord): View {
  const entries = Object.entries(record[kind])
  if (kind === 'properties') {
    return { properties: Object.fromEntries(entries.map(([name, { body }]) => [name, { name, ...body }])) }
  }
  if (kind === 'tags') return { tags: Object.keys(record.tags).map((name) => ({ name })) }
  const objects = entries.map(([name, item]) => wholeObjectView(record.namespace, name, item))
  return { objects, schema: '/v2/schemas/metadefs/objects' }
}
