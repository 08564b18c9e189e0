/**
 * Symbolic links: objects that stand for others (OpenStack Swift, `common/middleware/symlink.py`). Reads follow them, listings
 * tell them, and whatever else is done to one is done to the link itself. A request that meets no link costs one
 * look at a header.
 */
import type {
  ContainerOperations,
  ObjectOperations,
  ObjectReadOutcome,
  Store,
  StoreLayer,
} from '../contract.ts'
import { arrive, meetingLinks } from './follow.ts'
import { withLinksTold } from './link-listing.ts'
import { linkIn, targetOf } from './link-metadata.ts'
import { putLink } from './put-link.ts'

export const symlinks: StoreLayer = (inner: Store): Store => ({
  accounts: inner.accounts,
  containers: containerOperations(inner.containers),
  objects: objectOperations(inner.objects),
})

function containerOperations(inner: ContainerOperations): ContainerOperations {
  return {
    info: (context, name) => inner.info(context, name),
    put: (context, name, put) => inner.put(context, name, put),
    post: (context, name, changes) => inner.post(context, name, changes),
    delete: (context, name) => inner.delete(context, name),
    async read(context, name, options) {
      const read = await inner.read(context, name, options)
      if (read.kind !== 'found' || read.page === undefined) return read
      const page = withLinksTold(read.page, name.account)
      return page === read.page ? read : { ...read, page }
    },
  }
}

function objectOperations(inner: ObjectOperations): ObjectOperations {
  return {
    async read(context, name, options) {
      if (options.symlink === 'as_stored') return asStored(await inner.read(context, name, options))
      const walk = { inner, context, options: meetingLinks(options), through: 'all_links' } as const
      return await arrive(walk, { name, wanted: undefined, linksPassed: 0, location: undefined })
    },
    put(context, name, put) {
      const { link } = put
      return link === undefined
        ? inner.put(context, name, put)
        : putLink(inner, context, name, { ...put, link })
    },
    async post(context, name, post) {
      const posted = await inner.post(context, name, post)
      if (posted.kind !== 'accepted' || posted.stored === undefined) return posted
      const link = linkIn(posted.stored)
      if (link === undefined) return posted
      return { kind: 'link_changed', target: targetOf(name, link), wanted: link.etag, stored: posted.stored }
    },
    delete: (context, name, options) => inner.delete(context, name, options),
  }
}

function asStored(outcome: ObjectReadOutcome): ObjectReadOutcome {
  const facts = 'headers' in outcome ? linkIn(outcome.headers) : undefined
  if (facts === undefined) return outcome
  const { madeBy: _madeBy, ...link } = facts
  return { ...outcome, trail: { ...outcome.trail, link } }
}
