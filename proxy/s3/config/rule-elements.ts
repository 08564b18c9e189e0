/** What the rules of lifecycles and of replication have in common: a filter in either form, and ids for those that have none. */
import { createHash } from 'node:crypto'
import type { Tag } from '#store/bucket-settings/documents.ts'
import {
  type Codec,
  exactText,
  type Field,
  malformed,
  many,
  mapped,
  optional,
  parsed,
  required,
  struct,
} from './xml-schema.ts'

interface Predicates {
  readonly prefix?: string | undefined
  readonly tags: readonly Tag[]
}

export interface FormedFilter<Filter> {
  readonly filter: Filter
  readonly form: 'single' | 'and'
}

const tag = struct<Tag>({ key: required('Key', exactText), value: required('Value', exactText) })

/** Of every filter. */
export const predicates = { prefix: optional('Prefix', exactText), tags: many('Tag', tag) }

/** One predicate, or several of them under `And`; none for all objects. */
export function filterElement<Filter extends Predicates>(
  fields: {
    readonly [Member in keyof Filter]-?: Field<Filter[Member]>
  },
): Codec<FormedFilter<Filter>> {
  const several = struct<Filter>(fields)
  const written = struct<{ readonly and?: Filter | undefined }>({ and: optional('And', several) })
  const single = mapped<Filter, FormedFilter<Filter>>(
    several,
    (filter) => {
      const count = filter.tags.length + Object.keys(filter).length - 1
      return count > 1 ? malformed() : parsed({ filter, form: 'single' })
    },
    ({ filter }) => filter,
  )
  return {
    read: (element) => {
      if (element.child('And') === undefined) return single.read(element)
      const read = written.read(element)
      if (read.kind !== 'value') return read
      const { and } = read.value
      return and === undefined ? malformed() : parsed({ filter: and, form: 'and' })
    },
    write: (formed) => (formed.form === 'and' ? written.write({ and: formed.filter }) : single.write(formed)),
  }
}

/** Of a rule without an id: the same whenever the same is put. */
export function idFor(rule: object, at: number): string {
  return createHash('md5')
    .update(`${at} ${JSON.stringify(rule)}`)
    .digest('base64url')
}
