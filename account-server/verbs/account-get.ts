/** GET and HEAD of an account: what it is, and a page of its containers. */
import {
  type AccountAddress,
  allowsReservedNames,
  isTrueValue,
  parseAccountAddress,
} from '#backend/address.ts'
import { answer } from '#backend/answers.ts'
import { Refusal, refuseWith } from '#backend/refusal.ts'
import { DIGEST_HEADER, TOMBSTONE_DIGEST_HEADER } from '#base/extensions.ts'
import { isAccountDeleted } from '#db/account-rules.ts'
import { type DatabaseInfo, type DatabaseState, totalStats } from '#db/info.ts'
import { listed, listedContainer, pageAnswer, renderContainers } from '#db/listing-format.ts'
import { type ListingRequest, parseListing } from '#db/listing-parameters.ts'
import type { Request, Response } from '#http/message.ts'
import { accountHeaders, type Headers, statusHeaders } from '../account-headers.ts'
import type { AccountService } from '../service.ts'

interface Asked extends ListingRequest {
  readonly address: AccountAddress
}

export async function accountGet(service: AccountService, request: Request): Promise<Response> {
  const found = await find(service, request)
  if (found instanceof Refusal) return found.response
  const { address, query, type, headers, info } = found
  const body = await service.pages.page(info, [type, query], async () => {
    const entries = listed(await service.index.list({ account: address.account }, 0, query), listedContainer)
    return renderContainers(entries, type, address.account)
  })
  return pageAnswer(type, body, headers)
}

export async function accountHead(service: AccountService, request: Request): Promise<Response> {
  const found = await find(service, request)
  if (found instanceof Refusal) return found.response
  return answer(204, { ...found.headers, 'content-type': `${found.type}; charset=utf-8` })
}

interface Found extends Asked {
  readonly info: DatabaseInfo
  readonly headers: Headers
}

/** The account asked for and its headers, read before any page of it. */
async function find(service: AccountService, request: Request): Promise<Found | Refusal> {
  const asked = await parse(service, request)
  if (asked instanceof Refusal) return asked
  const state = await service.index.state({ account: asked.address.account })
  if (state === undefined || isAccountDeleted(state.info)) {
    return new Refusal(answer(404, statusHeaders(state?.info)))
  }
  const headers = { ...accountHeaders(state, service.policies), ...digestHeaders(request, state) }
  return { ...asked, info: state.info, headers }
}

async function parse(service: AccountService, request: Request): Promise<Asked | Refusal> {
  const address = parseAccountAddress(request)
  if (address instanceof Refusal) return address
  const listing = parseListing(request, allowsReservedNames(request) ? 'shown' : 'hidden')
  if ('kind' in listing) return refuseWith(listing)
  const unfit = await service.drive.refuse(address.device, 'read')
  if (unfit !== undefined) return unfit
  // Accounts have no directories: what a container lists by path, an account lists whole.
  return { address, type: listing.type, query: { ...listing.query, path: undefined } }
}

function digestHeaders(request: Request, state: DatabaseState): Headers {
  if (!isTrueValue(request.headers[DIGEST_HEADER])) return {}
  const total = totalStats(state.info)
  return {
    [DIGEST_HEADER]: total.liveDigest.toString('hex'),
    [TOMBSTONE_DIGEST_HEADER]: total.tombstoneDigest.toString('hex'),
  }
}
