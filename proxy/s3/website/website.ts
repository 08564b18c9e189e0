/**
 * Buckets as websites (Amazon S3 User Guide, "Hosting a static website"): pages for visitors without an account, by the
 * name of the host. What may be read is decided as for every other anonymous request; nothing is shown here that is not
 * public. The same bucket may be a website of Swift's, too (`proxy/web/`), under Swift's addresses.
 */
import { quotedPath } from '#base/names.ts'
import { discard, headerOf, type Response } from '#http/message.ts'
import type { WebsiteConfiguration } from '#store/bucket-settings/website-rules.ts'
import type { ProxyLayer, Transaction } from '../../transaction.ts'
import { permission } from '../access/authorize.ts'
import { findBucket } from '../buckets/resolve-bucket.ts'
import { preflight, withCors } from '../config/cors.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { getObject } from '../objects/get-object.ts'
import { unlessHidden, unlessMissing } from '../objects/hidden-key.ts'
import type { Bucket, S3Deps, S3Visit } from '../operation.ts'
import { decodedPath, type S3Request } from '../request.ts'
import { storeError } from '../store-errors.ts'
import { NOTHING_SENT, VISITOR } from '../visitor.ts'
import { errorHeaders, errorPage } from './error-page.ts'
import { type Destination, destinationOf, destinationOfAll, ruleFor, type Visited } from './routing.ts'
import { type WebsiteHost, websiteHost } from './website-host.ts'

const REDIRECT_HEADER = 'x-amz-website-redirect-location'
const FOUND = 302

/** Takes what is sent to the host of a website. */
export function websiteLayer(deps: S3Deps): ProxyLayer {
  return (inner) => async (transaction) => {
    const host = websiteHost(transaction.request, deps.options)
    if (host === undefined) return await inner(transaction)
    const site = await siteOf(deps, transaction, host)
    if (host.kind === 'custom' && isS3Error(site)) return await inner(transaction)
    const request = requestFor(transaction, host)
    const answered = isS3Error(request)
      ? errorPage(request, transaction.txId)
      : await answerTo(deps, transaction, request, site)
    const { txId } = transaction
    const { status, headers, body } = answered
    return { status, headers: { ...headers, 'x-amz-request-id': txId, 'x-amz-id-2': txId }, body }
  }
}

interface Site {
  readonly bucket: Bucket
  readonly configuration: WebsiteConfiguration
}

async function siteOf(
  deps: S3Deps,
  transaction: Transaction,
  { bucket: name }: WebsiteHost,
): Promise<Site | S3Error> {
  const bucket = await findBucket(deps, transaction, name, VISITOR)
  if (isS3Error(bucket)) return bucket
  const read = await deps.settings.ofKnown(transaction, bucket.container, bucket.info)
  const extra = { BucketName: name }
  if (read.kind !== 'settings') return storeError(read, extra)
  const { website: configuration } = read.documents
  return configuration === undefined
    ? s3Error('NoSuchWebsiteConfiguration', { extra })
    : { bucket, configuration }
}

function requestFor({ request }: Transaction, { bucket }: WebsiteHost): S3Request | S3Error {
  const path = decodedPath(request.path)
  if (path === undefined) return s3Error('InvalidURI', { extra: { URI: request.path } })
  return {
    http: request,
    method: request.method,
    headers: request.headers,
    query: new Map(),
    level: 'object',
    bucket,
    key: path.slice(1),
    style: 'host',
    resource: path,
  }
}

async function answerTo(
  deps: S3Deps,
  transaction: Transaction,
  request: S3Request,
  site: Site | S3Error,
): Promise<Response> {
  const { txId } = transaction
  const visit: Omit<S3Visit, 'bucket'> = { deps, request, transaction, caller: VISITOR, sent: NOTHING_SENT }
  if (request.method === 'OPTIONS') {
    const told = await preflight({ ...visit, bucket: undefined })
    return isS3Error(told) ? errorPage(told, txId) : told
  }
  if (isS3Error(site)) return errorPage(site, txId)
  const shown = await new WebsiteVisit({ ...visit, bucket: site.bucket }, site.configuration).answer()
  return await withCors(deps, transaction, request, shown)
}

/** One visitor's look at one page. */
class WebsiteVisit {
  readonly #visit: S3Visit
  readonly #configuration: WebsiteConfiguration
  readonly #key: string
  readonly #visited: Visited

  constructor(visit: S3Visit, configuration: WebsiteConfiguration) {
    this.#visit = visit
    this.#configuration = configuration
    this.#key = visit.request.key ?? ''
    const { headers, http } = visit.request
    this.#visited = { host: headers['host'] ?? '', protocol: http.secure ? 'https' : 'http' }
  }

  async answer(): Promise<Response> {
    const { method } = this.#visit.request
    const { redirectAll, routingRules } = this.#configuration
    if (method !== 'GET' && method !== 'HEAD') {
      const extra = { Method: method, ResourceType: 'OBJECT' }
      return this.#failed(s3Error('MethodNotAllowed', { extra, headers: { allow: 'GET, HEAD, OPTIONS' } }))
    }
    if (redirectAll !== undefined) {
      return redirectTo(destinationOfAll(redirectAll, this.#key, this.#visited))
    }
    const rule = ruleFor(routingRules, this.#key, undefined)
    if (rule !== undefined) return redirectTo(destinationOf(rule, this.#key, this.#visited))
    const page = await this.#page(this.#pageKey())
    if (!isS3Error(page)) return await redirectedBy(page)
    return await this.#withoutPage(page)
  }

  /** The page that stands for a folder has a name that its owner chose. */
  #pageKey(): string {
    const isFolder = this.#key === '' || this.#key.endsWith('/')
    return isFolder ? `${this.#key}${this.#configuration.indexSuffix ?? ''}` : this.#key
  }

  async #withoutPage(error: S3Error): Promise<Response> {
    if (await this.#isFolder(error)) {
      return redirectTo({ status: FOUND, location: pathOnSite(`${this.#key}/`) })
    }
    const rule = ruleFor(this.#configuration.routingRules, this.#key, error.status)
    if (rule !== undefined) return redirectTo(destinationOf(rule, this.#key, this.#visited))
    return await this.#failed(error)
  }

  /** The slash at its end was left out. */
  async #isFolder({ status }: S3Error): Promise<boolean> {
    const isPerhaps = (status === 404 || status === 403) && this.#key !== '' && !this.#key.endsWith('/')
    const { indexSuffix } = this.#configuration
    if (!isPerhaps || indexSuffix === undefined) return false
    const index = await this.#page(`${this.#key}/${indexSuffix}`, 'HEAD')
    return !isS3Error(index)
  }

  /** The owner's page for errors of class 4xx, with the error's status; else our own. */
  async #failed(error: S3Error): Promise<Response> {
    const { txId } = this.#visit.transaction
    const { errorKey } = this.#configuration
    const isShown = errorKey !== undefined && error.status >= 400 && error.status < 500
    if (!isShown || error.status === 405) return errorPage(error, txId)
    const page = await this.#page(errorKey, 'GET')
    if (isS3Error(page)) return errorPage(error, txId, page)
    return {
      status: error.status,
      headers: { ...page.headers, ...errorHeaders(error) },
      body: page.body,
    }
  }

  /** What is stored under a key, as anybody may read it; with a method of its own, whatever conditions the visitor named. */
  async #page(key: string, method?: 'GET' | 'HEAD'): Promise<Response | S3Error> {
    const { request, deps, bucket } = this.#visit
    const plain = method === undefined ? {} : { method, headers: {} }
    const visit: S3Visit = { ...this.#visit, request: { ...request, key, ...plain } }
    const asked = { action: 's3:GetObject', bucket, key } as const
    const denied = await deps.authorize(visit, asked)
    if (denied !== undefined) return await unlessMissing(visit, asked, denied)
    visit.transaction.permits = (list, name) => permission(visit, list, name)
    const got = await getObject(visit)
    return isS3Error(got) && got.code === 'NoSuchKey' ? await unlessHidden(visit, got) : got
  }
}

/** An address without a host. Two slashes at its beginning would name another one. */
function pathOnSite(key: string): string {
  const slashes = /^\/*/.exec(key)?.[0].length ?? 0
  return `/${'%2F'.repeat(slashes)}${quotedPath(key.slice(slashes))}`
}

/** A page that its owner said leads elsewhere. */
async function redirectedBy(page: Response): Promise<Response> {
  const location = headerOf(page, REDIRECT_HEADER)
  if (location === undefined) return page
  await discard(page)
  return redirectTo({ status: 301, location })
}

function redirectTo({ status, location }: Destination): Response {
  return { status, headers: { location, 'content-length': '0' }, body: undefined }
}
