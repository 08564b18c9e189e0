/**
 * Documents of the S3 API, declared once and read, checked and written by the declaration. Reading is strict as AWS's is:
 * an element that is missing, unknown, given twice or has a text it cannot have is `MalformedXML`; the order of elements is
 * not looked at.
 */
import { type S3Error, s3Error } from '../error.ts'
import type { XmlElement } from '../xml-reader.ts'
import { elementOf, escapedText } from '../xml-writer.ts'

export type Parsed<Value> = { readonly kind: 'value'; readonly value: Value } | S3Error

/** What an element holds, as a value. */
export interface Codec<Value> {
  readonly read: (element: XmlElement) => Parsed<Value>
  /** What stands between the tags. */
  readonly write: (value: Value) => string
}

/** One member of a structure: the elements it is read from, and how they are written. */
export interface Field<Value> {
  readonly element: string
  readonly read: (parent: XmlElement) => Parsed<Value>
  readonly write: (value: Value) => string
}

export function parsed<Value>(value: Value): Parsed<Value> {
  return { kind: 'value', value }
}

const MALFORMED = s3Error('MalformedXML')

/** Text, white space around it taken off; `accepts` says which. */
export function text(accepts: (text: string) => boolean = () => true): Codec<string> {
  return {
    read: (element) => {
      const read = leafText(element)
      return read !== undefined && accepts(read) ? parsed(read) : MALFORMED
    },
    write: escapedText,
  }
}

/** Text kept as it stands, with its white space: keys, prefixes, tags. */
export const exactText: Codec<string> = {
  read: (element) => (element.children.length > 0 ? MALFORMED : parsed(element.text)),
  write: escapedText,
}

/** One of some words. */
export function word<const Word extends string>(...words: readonly Word[]): Codec<Word> {
  return {
    read: (element) => {
      const read = leafText(element)
      const found = words.find((one) => one === read)
      return found === undefined ? MALFORMED : parsed(found)
    },
    write: escapedText,
  }
}

const DIGITS = /^[+-]?\d{1,15}$/

/** A whole number; its bounds are for whoever knows the message. */
export const whole: Codec<number> = {
  read: (element) => {
    const read = leafText(element)
    return read !== undefined && DIGITS.test(read) ? parsed(Number(read)) : MALFORMED
  },
  write: String,
}

export const truth: Codec<boolean> = {
  read: (element) => {
    const read = leafText(element)?.toLowerCase()
    return read === 'true' || read === 'false' ? parsed(read === 'true') : MALFORMED
  },
  write: String,
}

function leafText(element: XmlElement): string | undefined {
  return element.children.length > 0 ? undefined : element.text.trim()
}

/** An element that must be there, once. */
export function required<Value>(element: string, codec: Codec<Value>): Field<Value> {
  return {
    element,
    read: (parent) => {
      const [only, second] = parent.all(element)
      return only === undefined || second !== undefined ? MALFORMED : codec.read(only)
    },
    write: (value) => elementOf(element, codec.write(value)),
  }
}

/** An element that may be there, once. */
export function optional<Value>(element: string, codec: Codec<Value>): Field<Value | undefined> {
  const present = required(element, codec)
  return {
    element,
    read: (parent) => (parent.child(element) === undefined ? parsed(undefined) : present.read(parent)),
    write: (value) => (value === undefined ? '' : present.write(value)),
  }
}

/** An element that is there `atLeast` so often, and at most `atMost` times. */
export function many<Value>(
  element: string,
  codec: Codec<Value>,
  { atLeast = 0, atMost = Number.POSITIVE_INFINITY } = {},
): Field<readonly Value[]> {
  return {
    element,
    read: (parent) => {
      const elements = parent.all(element)
      if (elements.length < atLeast || elements.length > atMost) return MALFORMED
      const values: Value[] = []
      for (const one of elements) {
        const read = codec.read(one)
        if (read.kind !== 'value') return read
        values.push(read.value)
      }
      return parsed(values)
    },
    write: (values) => values.map((value) => elementOf(element, codec.write(value))).join(''),
  }
}

/** What a field holds, as the content of an element of its own: a list within the element that names it. */
export function holding<Value>(field: Field<Value>): Codec<Value> {
  return {
    read: (element) =>
      element.children.some(({ name }) => name !== field.element) ? MALFORMED : field.read(element),
    write: field.write,
  }
}

/** Several elements under one, each a member of an object. No others may be there. */
export function struct<Value extends object>(
  fields: {
    readonly [Member in keyof Value]-?: Field<Value[Member]>
  },
): Codec<Value> {
  const members = Object.entries(fields) as readonly (readonly [string, Field<unknown>])[]
  const known = new Set(members.map(([, { element }]) => element))
  return {
    read: (element) => {
      if (element.children.some(({ name }) => !known.has(name))) return MALFORMED
      const value: Record<string, unknown> = {}
      for (const [member, field] of members) {
        const read = field.read(element)
        if (read.kind !== 'value') return read
        if (read.value !== undefined) value[member] = read.value
      }
      return parsed(value as Value)
    },
    write: (value) =>
      members.map(([member, field]) => field.write((value as Record<string, unknown>)[member])).join(''),
  }
}

/** Another form of what a codec reads: `to` may find that it cannot be. */
export function mapped<Written, Value>(
  codec: Codec<Written>,
  to: (written: Written) => Parsed<Value>,
  from: (value: Value) => Written,
): Codec<Value> {
  return {
    read: (element) => {
      const read = codec.read(element)
      return read.kind === 'value' ? to(read.value) : read
    },
    write: (value) => codec.write(from(value)),
  }
}

/** A codec whose values must pass a check besides. */
export function checked<Value>(
  codec: Codec<Value>,
  check: (value: Value) => S3Error | undefined,
): Codec<Value> {
  return mapped(
    codec,
    (value) => check(value) ?? parsed(value),
    (value) => value,
  )
}

/** `MalformedXML`, for checks of what the declaration cannot say. */
export function malformed(): S3Error {
  return MALFORMED
}
