/**
 * XML as S3 answers with it: elements without attributes, text escaped. Elements are strings, so a listing of a
 * thousand keys is written without a tree.
 */
import type { Response } from '#http/message.ts'

export const S3_NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'
export const XML_TYPE = 'application/xml'

export const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

/** `<name>text</name>`; nothing at all of `undefined`. */
export function element(name: string, text: string | number | boolean | undefined): string {
  if (text === undefined) return ''
  return typeof text === 'string' ? `<${name}>${escapedText(text)}</${name}>` : `<${name}>${text}</${name}>`
}

/** An element around others, which are XML already. */
export function elementOf(name: string, ...inner: readonly string[]): string {
  return `<${name}>${inner.join('')}</${name}>`
}

/** A whole document in S3's namespace; `inner` is XML already. */
export function document(root: string, ...inner: readonly string[]): string {
  return `${DECLARATION}<${root} xmlns="${S3_NAMESPACE}">${inner.join('')}</${root}>`
}

/** A whole document in no namespace, as errors are. */
export function plainDocument(root: string, ...inner: readonly string[]): string {
  return DECLARATION + elementOf(root, ...inner)
}

/** An answer that is an XML document. */
export function xmlAnswer(
  status: number,
  xml: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const body = Buffer.from(xml)
  return {
    status,
    headers: { 'content-type': XML_TYPE, ...headers, 'content-length': String(body.length) },
    body,
  }
}

// Control characters cannot be in XML 1.0 at all; AWS writes them as references, and so clients read them.
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const SPECIAL = /[&<>"\u0000-\u0008\u000b-\u001f\u007f\ufffe\uffff]/
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const EACH_SPECIAL = /[&<>"\u0000-\u0008\u000b-\u001f\u007f\ufffe\uffff]/g
const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Text as it stands between tags. */
export function escapedText(text: string): string {
  return SPECIAL.test(text) ? text.replace(EACH_SPECIAL, referenceOf) : text
}

function referenceOf(character: string): string {
  return NAMED[character] ?? `&#x${character.charCodeAt(0).toString(16)};`
}
