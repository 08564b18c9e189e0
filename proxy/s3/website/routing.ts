/**
 * Where a website sends its visitors instead of a page. Pure (Amazon S3 User Guide, "Configuring a webpage redirect": the
 * first rule whose condition holds is the one; a rule with an error code is for what could not be shown).
 */
import { quotedPath } from '#base/names.ts'
import type { RoutingRedirect, RoutingRule, WebProtocol } from '#store/bucket-settings/website-rules.ts'

const MOVED_PERMANENTLY = 301

export interface Destination {
  readonly status: number
  readonly location: string
}

/** Whose address is used where a rule names none. */
export interface Visited {
  /** With its port. */
  readonly host: string
  readonly protocol: WebProtocol
}

/** The rule for a key, before anything is read; or, with a status, after that came of it. */
export function ruleFor(
  rules: readonly RoutingRule[],
  key: string,
  status: number | undefined,
): RoutingRule | undefined {
  return rules.find(
    ({ condition }) => condition?.errorCode === status && key.startsWith(condition?.keyPrefix ?? ''),
  )
}

/** Where a rule leads from a key. */
export function destinationOf(
  { condition, redirect }: RoutingRule,
  key: string,
  visited: Visited,
): Destination {
  return {
    status: redirect.status ?? MOVED_PERMANENTLY,
    location: addressOf(redirect, rewritten(redirect, condition?.keyPrefix ?? '', key), visited),
  }
}

/** Where everything of a website leads. */
export function destinationOfAll(
  target: { readonly host: string; readonly protocol?: WebProtocol | undefined },
  key: string,
  visited: Visited,
): Destination {
  return { status: MOVED_PERMANENTLY, location: addressOf(target, key, visited) }
}

function rewritten(
  { replaceKeyWith, replacePrefixWith }: RoutingRedirect,
  prefix: string,
  key: string,
): string {
  if (replaceKeyWith !== undefined) return replaceKeyWith
  return replacePrefixWith === undefined ? key : replacePrefixWith + key.slice(prefix.length)
}

function addressOf(
  { host, protocol }: { readonly host?: string | undefined; readonly protocol?: WebProtocol | undefined },
  key: string,
  visited: Visited,
): string {
  return `${protocol ?? visited.protocol}://${host ?? visited.host}/${quotedPath(key)}`
}
