/** Texts of a policy that may hold wildcards and variables: resources, and values of `StringLike` and its kin. */
import type { ConditionValues } from './question.ts'
import { fillIn, parseVariables } from './variables.ts'
import { compilePattern, matchesPattern, type Pattern, withoutMarks } from './wildcard.ts'

/** A text for one request: its pattern, and what it says where wildcards mean nothing. */
export interface FilledText {
  readonly text: string
  /** As patterns are compiled from: literal marks still in it. */
  readonly marked: string
  readonly pattern: Pattern
}

/** Gives the text for a request; `undefined` when the request lacks a variable. */
export type PolicyText = (values: ConditionValues) => FilledText | undefined

export type VariablesOf = 'resolved' | 'plain'

/** Compiled once where it has no variables. `undefined` when a variable is badly written. */
export function compileText(written: string, variables: VariablesOf): PolicyText | undefined {
  if (variables === 'plain') return constant(written)
  const parts = parseVariables(written)
  if (parts === undefined) return undefined
  if (parts.every((part) => part.kind === 'text')) return constant(parts.map(({ text }) => text).join(''))
  return (values) => {
    const text = fillIn(parts, values)
    return text === undefined ? undefined : filled(text)
  }
}

function constant(text: string): PolicyText {
  const only = filled(text)
  return () => only
}

function filled(text: string): FilledText {
  return { text: withoutMarks(text), marked: text, pattern: compilePattern(text) }
}

/** Whether one of the texts, as a pattern, is the whole of `text`. */
export function matchesAny(texts: readonly PolicyText[], text: string, values: ConditionValues): boolean {
  return texts.some((compiled) => {
    const wanted = compiled(values)
    return wanted !== undefined && matchesPattern(wanted.pattern, text)
  })
}
