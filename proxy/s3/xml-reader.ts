/**
 * XML that clients send, read into a tree of elements in time and memory linear in its length. There are no document
 * types and no entities but the five of XML itself and character references, so nothing expands; depth and number of
 * elements are bounded before the tree is made. Prefixes of namespaces are taken off, as S3 reads documents with and
 * without its namespace.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { type S3Error, s3Error } from './error.ts'

/** The documents of S3 are at most eight deep. */
const DEPTH_MAX = 20

/** Complete multipart upload: 10,000 parts of up to nine elements each, each opened and closed. */
const TAGS_MAX = 200_000

/** Between `<` and `>`: a name, and the declaration of a namespace or two. */
const TAG_LENGTH_MAX = 2_048

export class XmlElement {
  /** Without prefix. */
  readonly name: string
  readonly children: readonly XmlElement[]
  /** The text directly in it, references resolved, white space kept. */
  readonly text: string
  readonly #attributes: Readonly<Record<string, string>>

  constructor(
    name: string,
    children: readonly XmlElement[],
    text: string,
    attributes: Readonly<Record<string, string>>,
  ) {
    this.name = name
    this.children = children
    this.text = text
    this.#attributes = attributes
  }

  /** The first child of this name. */
  child(name: string): XmlElement | undefined {
    return this.children.find((child) => child.name === name)
  }

  /** All children of this name, in order. */
  all(name: string): readonly XmlElement[] {
    return this.children.filter((child) => child.name === name)
  }

  /** Text of the first child of this name, without white space around it. */
  textOf(name: string): string | undefined {
    return this.child(name)?.text.trim()
  }

  /** An attribute by its name without prefix. */
  attribute(name: string): string | undefined {
    return this.#attributes[name]
  }
}

type Parsed = Readonly<Record<string, unknown>>

const TEXT = '#text'
const LITERAL = '#literal'
const ATTRIBUTES = ':@'

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  processEntities: false,
  cdataPropName: LITERAL,
  maxNestedTags: DEPTH_MAX,
})

/** The root element, or `MalformedXML`. */
export function parseXml(bytes: Buffer): XmlElement | S3Error {
  const text = decoded(bytes)
  if (text === undefined || NUL.test(text) || !isHarmless(text) || XMLValidator.validate(text) !== true) {
    return s3Error('MalformedXML')
  }
  let parsed: readonly Parsed[]
  try {
    parsed = parser.parse(text) as readonly Parsed[]
  } catch {
    return s3Error('MalformedXML')
  }
  const roots = elementsOf(parsed)
  const [root] = roots
  return root === undefined || roots.length > 1 ? s3Error('MalformedXML') : root
}

/** No name may have one: with it begin those of the cluster itself. */
const NUL = /\0|&#(?:x0+|0+);/

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decoded(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** What may contain anything up to its end: comments, literal text, instructions. */
const SECTIONS: readonly (readonly [open: string, close: string])[] = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
]

/** Looked at before anything is parsed: no declarations of types or entities, few tags, short ones, not nested deeply. */
function isHarmless(text: string): boolean {
  let tags = 0
  let depth = 0
  let at = text.indexOf('<')
  while (at >= 0) {
    const section = SECTIONS.find(([open]) => text.startsWith(open, at))
    const end = section === undefined ? text.indexOf('>', at) : text.indexOf(section[1], at)
    if (end < 0) return false
    const next = text.indexOf('<', section === undefined ? at + 1 : end)
    if (section === undefined) {
      if (text[at + 1] === '!' || end - at > TAG_LENGTH_MAX || (next >= 0 && next < end)) return false
      depth += text[at + 1] === '/' ? -1 : text[end - 1] === '/' ? 0 : 1
      tags += 1
      if (tags > TAGS_MAX || depth > DEPTH_MAX) return false
    }
    at = next
  }
  return true
}

function elementsOf(nodes: readonly Parsed[]): readonly XmlElement[] {
  const elements: XmlElement[] = []
  for (const node of nodes) {
    const name = Object.keys(node).find((key) => key !== ATTRIBUTES && key !== TEXT && key !== LITERAL)
    if (name === undefined) continue
    const inner = node[name] as readonly Parsed[]
    const attributes = (node[ATTRIBUTES] ?? {}) as Readonly<Record<string, string>>
    elements.push(new XmlElement(name, elementsOf(inner), textOf(inner), attributes))
  }
  return elements
}

function textOf(nodes: readonly Parsed[]): string {
  let text = ''
  for (const node of nodes) {
    if (TEXT in node) text += withoutReferences(String(node[TEXT]))
    else if (LITERAL in node) text += textOfLiteral(node[LITERAL] as readonly Parsed[])
  }
  return text
}

function textOfLiteral(nodes: readonly Parsed[]): string {
  return nodes.map((node) => String(node[TEXT] ?? '')).join('')
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const REFERENCE = /&(#x[0-9a-fA-F]{1,6}|#[0-9]{1,7}|[a-z]{2,4});/g
const CODE_POINT_MAX = 0x10_ffff

function withoutReferences(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(REFERENCE, (whole, name: string) => {
    if (!name.startsWith('#')) return ENTITIES[name] ?? whole
    const code = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
    return code > CODE_POINT_MAX ? whole : String.fromCodePoint(code)
  })
}
