/**
 * Listings as JSON, XML and plain text, in Swift's form (`middleware/listing_formats.py`, `container/server.py`:
 * `update_data_record`). Fields stand in the order in which Swift writes them.
 */
import { isoForm } from '#base/timestamp.ts'
import type { Response } from '#http/message.ts'
import type { ContainerRow } from './container-row.ts'
import type { ListingEntry } from './listing.ts'
import type { ListingType } from './listing-parameters.ts'
import type { ObjectRow } from './object-row.ts'

/** The answer that carries a rendered page. */
export function pageAnswer(
  type: ListingType,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
): Response {
  return {
    status: body.length === 0 ? 204 : 200,
    headers: { ...headers, 'content-type': `${type}; charset=utf-8`, 'content-length': String(body.length) },
    body,
  }
}

/** An object of a container's listing. */
export interface ListedObject {
  readonly name: string
  readonly hash: string
  readonly bytes: number
  readonly content_type: string
  readonly last_modified: string
}

/** A container of an account's listing. */
export interface ListedContainer {
  readonly name: string
  readonly count: number
  readonly bytes: number
  readonly last_modified: string
}

export interface ListedSubdir {
  readonly subdir: string
}

/** The listed form of an object: a large object's size is that of its content. */
export function listedObject(row: ObjectRow): ListedObject {
  return {
    name: row.name,
    hash: row.etag,
    bytes: contentBytes(row),
    content_type: row.contentType,
    last_modified: isoForm(row.metaTimestamp),
  }
}

export function listedContainer(row: ContainerRow): ListedContainer {
  return {
    name: row.name,
    count: row.objects,
    bytes: row.bytes,
    last_modified: isoForm(row.putTimestamp),
  }
}

/** The entries in their listed form. */
export function listed<Row, Listed>(
  entries: readonly ListingEntry<Row>[],
  form: (row: Row) => Listed,
): readonly (Listed | ListedSubdir)[] {
  return entries.map((entry) => (entry.kind === 'row' ? form(entry.row) : { subdir: entry.name }))
}

/** The body of a container's listing. Plain text of nothing is empty, which Swift answers with 204. */
export function renderObjects(
  entries: readonly (ListedObject | ListedSubdir)[],
  type: ListingType,
  container: string,
): Buffer {
  if (type === 'application/json') return Buffer.from(JSON.stringify(entries))
  if (type === 'text/plain') return plainText(entries)
  const items = entries.map((entry) =>
    'subdir' in entry
      ? `<subdir name="${xmlAttribute(entry.subdir)}"><name>${xmlText(entry.subdir)}</name></subdir>`
      : element('object', entry),
  )
  return Buffer.from(`${XML_HEAD}<container name="${xmlAttribute(container)}">${items.join('')}</container>`)
}

/** The body of an account's listing. */
export function renderContainers(
  entries: readonly (ListedContainer | ListedSubdir)[],
  type: ListingType,
  account: string,
): Buffer {
  if (type === 'application/json') return Buffer.from(JSON.stringify(entries))
  if (type === 'text/plain') return plainText(entries)
  const items = entries.map((entry) =>
    'subdir' in entry ? `<subdir name="${xmlAttribute(entry.subdir)}" />` : element('container', entry),
  )
  const lines = items.map((item) => `${item}\n`).join('')
  return Buffer.from(`${XML_HEAD}<account name="${xmlAttribute(account)}">\n${lines}</account>`)
}

const XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'

function contentBytes({ swiftBytes, sizeBytes }: ObjectRow): number {
  return swiftBytes !== undefined && /^\d{1,16}$/.test(swiftBytes) ? Number(swiftBytes) : sizeBytes
}

function plainText(entries: readonly ({ readonly name: string } | ListedSubdir)[]): Buffer {
  return Buffer.from(entries.map((entry) => `${'subdir' in entry ? entry.subdir : entry.name}\n`).join(''))
}

function element(tag: string, fields: ListedObject | ListedContainer): string {
  const inner = Object.entries(fields).map(([name, value]) => `<${name}>${xmlText(String(value))}</${name}>`)
  return `<${tag}>${inner.join('')}</${tag}>`
}

function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Line breaks and tabs of an attribute would be read back as spaces, so they are written as references. */
function xmlAttribute(text: string): string {
  return xmlText(text)
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\t', '&#09;')
}
