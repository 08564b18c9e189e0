/**
 * Conditions under encryption. A storage server knows the ETag only as a MAC under the key of the object; a condition names
 * the MACs of its tags besides the tags themselves, for every root secret under which the object may have been written,
 * and for objects that are not encrypted at all.
 */
import { unquoted } from '#http/conditionals.ts'
import type { HeaderMap } from '#http/message.ts'
import type { WriteCondition } from '../condition.ts'
import type { ObjectReadOptions } from '../contract.ts'
import { etagMac } from './encrypted-values.ts'
import type { ObjectKeys } from './key-manager.ts'

const ETAG_MAC = 'x-object-sysmeta-crypto-etag-mac'

/** The options of a read; the same ones where no condition names an ETag. */
export function maskedRead(options: ObjectReadOptions, keys: () => readonly ObjectKeys[]): ObjectReadOptions {
  const { conditions, etagIsAt } = options
  const { 'if-match': wanted, 'if-none-match': unwanted } = conditions
  if (!namesTag(wanted) && !namesTag(unwanted)) return options
  const all = keys()
  const masked: HeaderMap = {
    ...conditions,
    'if-match': wanted === undefined ? undefined : maskedTags(wanted, all),
    'if-none-match': unwanted === undefined ? undefined : maskedTags(unwanted, all),
  }
  return { ...options, conditions: masked, etagIsAt: withMac(etagIsAt) }
}

export function maskedCondition(condition: WriteCondition, keys: readonly ObjectKeys[]): WriteCondition {
  if (condition.kind !== 'matches' || !namesTag(condition.etags)) return condition
  return { ...condition, etags: maskedTags(condition.etags, keys), etagIsAt: withMac(condition.etagIsAt) }
}

function namesTag(tags: string | undefined): boolean {
  return tags !== undefined && tagsIn(tags).some((tag) => tag !== '*')
}

function maskedTags(tags: string, keys: readonly ObjectKeys[]): string {
  const masked = tagsIn(tags).flatMap((tag) => {
    if (tag === '*') return [tag]
    return [tag, ...keys.map((own) => etagMac(tag, own))].map((one) => `"${one}"`)
  })
  return masked.join(', ')
}

function tagsIn(tags: string): readonly string[] {
  return tags
    .split(',')
    .map((tag) => unquoted(tag.trim()))
    .filter((tag) => tag !== '')
}

function withMac(etagIsAt: string | undefined): string {
  return etagIsAt === undefined || etagIsAt === '' ? ETAG_MAC : `${etagIsAt},${ETAG_MAC}`
}
