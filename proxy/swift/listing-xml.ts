/**
 * Listings as XML, element by element as OpenStack Swift writes them (`common/middleware/listing_formats.py`), down to
 * the line breaks that an account's listing has and a container's has not.
 */
import type { ListedContainer, ListedObject, ListedSubdir } from '#store/listing.ts'

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

export function accountXml(account: string, entries: readonly (ListedContainer | ListedSubdir)[]): string {
  const lines = entries.map((entry) =>
    entry.kind === 'subdir'
      ? `<subdir name="${attribute(entry.prefix)}" />\n`
      : `<container>${element('name', entry.name)}${element('count', String(entry.objectCount))}` +
        `${element('bytes', String(entry.bytesUsed))}${element('last_modified', entry.lastModified)}</container>\n`,
  )
  return `${DECLARATION}<account name="${attribute(account)}">\n${lines.join('')}</account>`
}

export function containerXml(container: string, entries: readonly (ListedObject | ListedSubdir)[]): string {
  const open = `${DECLARATION}<container name="${attribute(container)}"`
  if (entries.length === 0) return `${open} />`
  return `${open}>${entries.map(objectXml).join('')}</container>`
}

function objectXml(entry: ListedObject | ListedSubdir): string {
  if (entry.kind === 'subdir') {
    return `<subdir name="${attribute(entry.prefix)}">${element('name', entry.prefix)}</subdir>`
  }
  const members =
    element('name', entry.name) +
    element('hash', entry.etag) +
    element('bytes', String(entry.sizeBytes)) +
    element('content_type', entry.contentType) +
    element('last_modified', entry.lastModified)
  return `<object>${members}</object>`
}

function element(name: string, text: string): string {
  return text === '' ? `<${name} />` : `<${name}>${escaped(text)}</${name}>`
}

const SPECIAL = /[&<>\r]/
const SPECIAL_IN_ATTRIBUTES = /[&<>"\r\n\t]/g
const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
  '\n': '&#10;',
  '\t': '&#09;',
}

function escaped(text: string): string {
  return SPECIAL.test(text) ? text.replace(/[&<>\r]/g, (character) => REFERENCES[character] ?? '') : text
}

function attribute(text: string): string {
  return text.replace(SPECIAL_IN_ATTRIBUTES, (character) => REFERENCES[character] ?? '')
}
