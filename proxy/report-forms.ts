/**
 * Reports on work that consists of many items, in the forms in which OpenStack Swift sends them (`common/middleware/bulk.py`:
 * `get_response_body`): clients read the outcome out of the body.
 */
import { type JsonValue, pythonJson } from '#base/python-json.ts'
import { negotiate } from '#http/accept.ts'
import { reasonOf } from '#http/header-lines.ts'
import type { HeaderMap } from '#http/message.ts'

/** What reports come in, the preferred one first. */
export const REPORT_TYPES = ['text/plain', 'application/json', 'application/xml', 'text/xml'] as const

export interface Report {
  /** Root element of the XML form. */
  readonly root: 'extract' | 'delete' | 'upload'
  /** By the names that Swift gives them. */
  readonly members: Readonly<Record<string, string | number>>
  readonly errors: readonly ItemError[]
}

export interface ItemError {
  /** Percent-encoded. */
  readonly name: string
  /** As on the wire, `404 Not Found`, or a text. */
  readonly status: string
}

/** The type that the client likes best; `undefined` when it accepts none of ours, or says nothing that can be read. */
export function reportTypeOf(headers: HeaderMap): string | undefined {
  const negotiated = negotiate(headers['accept'], REPORT_TYPES)
  return negotiated.kind === 'chosen' ? negotiated.contentType : undefined
}

/** `404 Not Found` */
export function statusLine(status: number): string {
  return `${status} ${reasonOf(status)}`
}

/** The report in a form of `REPORT_TYPES`; anything else is plain text. */
export function renderReport(report: Report, type: string | undefined): Buffer {
  if (type === 'application/json') return Buffer.from(pythonJson(jsonOf(report)))
  return Buffer.from(type?.endsWith('/xml') === true ? xmlOf(report) : textOf(report))
}

function jsonOf({ members, errors }: Report): JsonValue {
  return { ...members, Errors: errors.map(({ name, status }) => [name, status]) }
}

function textOf(report: Report): string {
  const members = sortedMembers(report).map(([name, value]) => `${name}: ${value}\n`)
  const errors = report.errors.map(({ name, status }) => `${name}, ${status}\n`)
  return [...members, 'Errors:\n', ...errors].join('')
}

function xmlOf(report: Report): string {
  const { root, errors } = report
  const members = sortedMembers(report).map(([name, value]) => {
    const element = name.replaceAll(' ', '_').toLowerCase()
    return `<${element}>${escaped(String(value))}</${element}>\n`
  })
  const items = errors.map(
    ({ name, status }) =>
      `<object><name>${escaped(name)}</name><status>${escaped(status)}</status></object>\n`,
  )
  return `<${root}>\n${members.join('')}<errors>\n${items.join('')}</errors>\n</${root}>\n`
}

function sortedMembers({ members }: Report): readonly (readonly [string, string | number])[] {
  return Object.entries(members).toSorted(([left], [right]) => (left < right ? -1 : 1))
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
