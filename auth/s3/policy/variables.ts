/**
 * Policy variables: `${aws:username}` and other condition keys inside resources and condition values, with a default
 * (`${aws:username, 'anonymous'}`), and the three characters that would else mean something: `${*}`, `${?}`, `${$}`.
 *
 * Only policies of version 2012-10-17 have them (IAM User Guide, "Policy variables"). One scan, no nesting.
 */
import type { ConditionValues } from './question.ts'
import { LITERALS } from './wildcard.ts'

export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly key: string; readonly otherwise: string | undefined }

/** A text with its variables; `undefined` when a `${` has no end or names nothing. */
export function parseVariables(written: string): readonly Part[] | undefined {
  const parts: Part[] = []
  let at = 0
  for (;;) {
    const start = written.indexOf('${', at)
    if (start < 0) break
    const end = written.indexOf('}', start)
    if (end < 0) return undefined
    if (start > at) parts.push({ kind: 'text', text: written.slice(at, start) })
    const part = partOf(written.slice(start + 2, end))
    if (part === undefined) return undefined
    parts.push(part)
    at = end + 1
  }
  if (at < written.length || parts.length === 0) parts.push({ kind: 'text', text: written.slice(at) })
  return parts
}

function partOf(inside: string): Part | undefined {
  const literal = LITERALS.get(inside)
  if (literal !== undefined) return { kind: 'text', text: literal }
  const comma = inside.indexOf(',')
  const key = (comma < 0 ? inside : inside.slice(0, comma)).trim().toLowerCase()
  if (key === '') return undefined
  if (comma < 0) return { kind: 'variable', key, otherwise: undefined }
  const given = inside.slice(comma + 1).trim()
  if (given.length < 2 || !given.startsWith("'") || !given.endsWith("'")) return undefined
  return { kind: 'variable', key, otherwise: given.slice(1, -1) }
}

/**
 * The text with the request's values in place of the variables; `undefined` when the request has none for one of them,
 * so that nothing can match. What a value holds never counts as a wildcard.
 */
export function fillIn(parts: readonly Part[], values: ConditionValues): string | undefined {
  let text = ''
  for (const part of parts) {
    if (part.kind === 'text') {
      text += part.text
      continue
    }
    const given = values(part.key)
    const value = given?.length === 1 ? given[0] : undefined
    if (value === undefined && part.otherwise === undefined) return undefined
    text += literally(value ?? part.otherwise ?? '')
  }
  return text
}

function literally(value: string): string {
  return value.replace(/[*?]/g, (character) => LITERALS.get(character) ?? character)
}
