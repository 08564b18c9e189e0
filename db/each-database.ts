/** Passing over the databases of a range of hashes, a page at a time; what is made or removed meanwhile may be missed. */
import type { Database, HashSpan, Index } from './contract.ts'
import { afterHash } from './hash-span.ts'

/** Databases read at a time. */
const PAGE = 200

/** `beforePage` is awaited before each page: for rests and for ends. */
export async function* eachDatabase<Row>(
  index: Pick<Index<Row>, 'databases'>,
  span: HashSpan,
  beforePage: () => Promise<void>,
): AsyncGenerator<Database, void, undefined> {
  let first: string | undefined = span.first
  while (first !== undefined && (span.end === undefined || first < span.end)) {
    await beforePage()
    const page: readonly Database[] = await index.databases({ first, end: span.end }, PAGE)
    yield* page
    const last = page.at(-1)
    first = last === undefined || page.length < PAGE ? undefined : afterHash(last.hash)
  }
}
