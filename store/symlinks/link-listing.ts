/**
 * Links in listings: what their rows carry in parameters of the ETag becomes members of their own, `symlink_path`,
 * `symlink_etag` and `symlink_bytes` (OpenStack Swift, `common/middleware/symlink.py`: `_extract_symlink_path_json`).
 */
import type { ListedObject, ListingPage } from '../listing.ts'
import { type ObjectMember, objectPage, rowsOf } from '../listing-pages.ts'

const MARK = Buffer.from('; symlink_target=')
const API_VERSION = 'v1'

/** The same page where no row is a link's. */
export function withLinksTold(page: ListingPage<ListedObject>, account: string): ListingPage<ListedObject> {
  if (!page.json.includes(MARK)) return page
  const told = rowsOf<ObjectMember>(page.json).map((row) =>
    'hash' in row && row.hash.includes(';') ? withLinkTold(row, account) : row,
  )
  return objectPage(Buffer.from(JSON.stringify(told)), page.consistency)
}

function withLinkTold(row: ObjectMember, account: string): ObjectMember {
  const { value, parameters } = splitParameters(row.hash)
  const { symlink_target, symlink_target_account, symlink_target_etag, symlink_target_bytes, ...others } =
    Object.fromEntries(parameters)
  const kept = Object.entries(others).map(([key, one]) => `; ${key}=${one}`)
  const target =
    symlink_target === undefined
      ? {}
      : { symlink_path: pathOf(symlink_target_account ?? account, symlink_target) }
  return {
    ...row,
    hash: `${value}${kept.join('')}`,
    ...target,
    ...(symlink_target_etag === undefined ? {} : { symlink_etag: symlink_target_etag }),
    ...(symlink_target_bytes === undefined ? {} : { symlink_bytes: Number(symlink_target_bytes) }),
  }
}

function pathOf(account: string, target: string): string {
  return `/${API_VERSION}/${account}/${target}`
}

/** `value; key=one; other=two`, taken apart; of values in quotes the quotes go. */
export function splitParameters(written: string): {
  readonly value: string
  readonly parameters: readonly (readonly [string, string])[]
} {
  const [value = '', ...parts] = written.split(';')
  const parameters = parts.flatMap((part): readonly (readonly [string, string])[] => {
    const equals = part.indexOf('=')
    if (equals < 0) return []
    const text = part.slice(equals + 1).trim()
    return [[part.slice(0, equals).trim().toLowerCase(), unquotedText(text)]]
  })
  return { value: value.trim(), parameters }
}

function unquotedText(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
}
