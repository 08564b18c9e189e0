/**
 * GET and HEAD of a container: what it is, and a page of what it holds.
 *
 * Ours, negotiated, asked for by headers (`base/extensions.ts`):
 * - `digest`: the digests of all rows, live and deleted ones, as of before the page was read;
 * - `range-digest`: the same of the rows between the markers;
 * - `rows`: the page as rows to merge, deleted ones too, of a deleted container as well;
 * - `changes-since`: no page, but what changed (`changes-since.ts`).
 *
 * The state is read before the page. So when two replicas have equal digests, the page lacks nothing that both have.
 */
import {
  allowsReservedNames,
  type ContainerAddress,
  isTrueValue,
  parseContainerOrObjectAddress,
} from '#backend/address.ts'
import { answer } from '#backend/answers.ts'
import { requestedPolicyIndex } from '#backend/policy-header.ts'
import { Refusal, refuseWith } from '#backend/refusal.ts'
import {
  CHANGES_SINCE_HEADER,
  DIGEST_HEADER,
  RANGE_DIGEST_HEADER,
  RANGE_TOMBSTONE_DIGEST_HEADER,
  ROWS_HEADER,
  TOMBSTONE_DIGEST_HEADER,
} from '#base/extensions.ts'
import { isContainerDeleted } from '#db/container-rules.ts'
import { ExpiryFilter } from '#db/expiry.ts'
import { type DatabaseState, statsOf } from '#db/info.ts'
import { listed, listedObject, pageAnswer, renderObjects } from '#db/listing-format.ts'
import { type ListingRequest, parseListing } from '#db/listing-parameters.ts'
import { toSwiftItem } from '#db/object-row.ts'
import { renderStoredObjects } from '#db/stored-listing.ts'
import type { Request, Response } from '#http/message.ts'
import { containerHeaders, type Headers } from '../container-headers.ts'
import type { ContainerService } from '../service.ts'
import { changesSince } from './changes-since.ts'

interface Asked extends ListingRequest {
  readonly address: ContainerAddress
  readonly policyIndex: number | undefined
  readonly records: 'objects' | 'rows' | 'shards'
}

export async function containerGet(service: ContainerService, request: Request): Promise<Response> {
  const asked = await parse(service, request)
  if (asked instanceof Refusal) return asked.response
  const { address } = asked
  const state = await service.index.state({ account: address.account, container: address.container })
  const headers = containerHeaders(state)
  if (state === undefined) return answer(404, headers)
  if (isContainerDeleted(state.info) && asked.records !== 'rows') return answer(404, headers)
  const since = request.headers[CHANGES_SINCE_HEADER]
  if (since !== undefined) return await changesSince(service, state, since, headers)
  const digests = await digestHeaders(service, request, asked, state)
  return page(service, asked, state, { ...headers, ...digests })
}

export async function containerHead(service: ContainerService, request: Request): Promise<Response> {
  const asked = await parse(service, request)
  if (asked instanceof Refusal) return asked.response
  const { address } = asked
  const state = await service.index.state({ account: address.account, container: address.container })
  const headers = containerHeaders(state)
  if (state === undefined || isContainerDeleted(state.info)) return answer(404, headers)
  const digests = await digestHeaders(service, request, asked, state)
  return answer(204, { ...headers, ...digests, 'content-type': `${asked.type}; charset=utf-8` })
}

async function parse(service: ContainerService, request: Request): Promise<Asked | Refusal> {
  const address = parseContainerOrObjectAddress(request)
  if (address instanceof Refusal) return address
  const listing = parseListing(request, allowsReservedNames(request) ? 'shown' : 'hidden')
  if ('kind' in listing) return refuseWith(listing)
  const unfit = await service.drive.refuse(address.device, 'read')
  if (unfit !== undefined) return unfit
  const policyIndex = requestedPolicyIndex(request, service.policies)
  if (policyIndex instanceof Refusal) return policyIndex
  return { address, ...listing, policyIndex, records: recordsOf(request) }
}

function recordsOf(request: Request): Asked['records'] {
  if (isTrueValue(request.headers[ROWS_HEADER])) return 'rows'
  return request.headers['x-backend-record-type']?.toLowerCase() === 'shard' ? 'shards' : 'objects'
}

async function page(
  service: ContainerService,
  { address, query, type, policyIndex, records }: Asked,
  state: DatabaseState,
  headers: Headers,
): Promise<Response> {
  const name = { account: address.account, container: address.container }
  const policy = policyIndex ?? state.info.policyIndex
  const ofPolicy = { 'x-backend-record-storage-policy-index': String(policy) }
  if (records === 'shards') {
    // A container that was never split has no shard ranges.
    return pageAnswer(type, renderObjects([], type, address.container), {
      ...headers,
      'x-backend-record-type': 'shard',
    })
  }
  if (records === 'rows') {
    const rows = await service.index.rows(name, policy, query)
    const body = Buffer.from(JSON.stringify(rows.map(toSwiftItem)))
    return pageAnswer('application/json', body, {
      ...headers,
      ...ofPolicy,
      'x-backend-record-type': 'object',
    })
  }
  const nowSeconds = Math.floor(service.clock.wallMs() / 1000)
  const body = await service.pages.pageAt(state.info, [policy, type, query], nowSeconds, async () => {
    const expiry = new ExpiryFilter(nowSeconds)
    const body =
      type === 'application/json'
        ? renderStoredObjects(await service.index.listStored(name, policy, query, expiry), policy)
        : renderObjects(
            listed(await service.index.list(name, policy, query, expiry), listedObject),
            type,
            address.container,
          )
    return { body, rightUntil: expiry.rightUntil }
  })
  return pageAnswer(type, body, { ...headers, ...ofPolicy, 'x-backend-record-type': 'object' })
}

async function digestHeaders(
  service: ContainerService,
  request: Request,
  { address, query, policyIndex }: Asked,
  state: DatabaseState,
): Promise<Headers> {
  const headers: Headers = {}
  const policy = policyIndex ?? state.info.policyIndex
  if (isTrueValue(request.headers[DIGEST_HEADER])) {
    const stats = statsOf(state.info, policy)
    headers[DIGEST_HEADER] = stats.liveDigest.toString('hex')
    headers[TOMBSTONE_DIGEST_HEADER] = stats.tombstoneDigest.toString('hex')
  }
  if (isTrueValue(request.headers[RANGE_DIGEST_HEADER])) {
    const name = { account: address.account, container: address.container }
    const digests = await service.index.digestRange(name, policy, query)
    headers[RANGE_DIGEST_HEADER] = digests.live.toString('hex')
    headers[RANGE_TOMBSTONE_DIGEST_HEADER] = digests.tombstones.toString('hex')
  }
  return headers
}
