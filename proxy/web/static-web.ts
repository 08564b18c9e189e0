/**
 * Serves containers as websites to people without a token (OpenStack Swift, `common/middleware/staticweb.py`): index
 * pages for folders, redirects to the slash, listings, error pages.
 *
 * It never looks at an object or a listing by itself: everything it shows was asked of the door behind it in the
 * visitor's own name, so a site shows nobody what they could not get from the API.
 */
import { encodedPathOf, pathOf, quotedPath } from '#base/names.ts'
import { explanationOf } from '#http/explanations.ts'
import { discard, EMPTY_BODY, headerOf, type Response, readWhole } from '#http/message.ts'
import type { Store } from '#store/contract.ts'
import type { ContainerName, ObjectName } from '#store/operation.ts'
import { answer, HTML_TYPE } from '../answers.ts'
import { hostUrlOf } from '../host-url.ts'
import { senderHeaders } from '../sender-headers.ts'
import { parseSwiftPath } from '../swift/swift-path.ts'
import { isTrue } from '../swift/visit.ts'
import type { ProxyHandler, ProxyLayer, Transaction } from '../transaction.ts'
import { type ListedRow, listingPage, notListedPage } from './listing-page.ts'
import { isWebsite, type WebSettings, webSettingsOf } from './web-settings.ts'

export interface StaticWebDeps {
  readonly store: Pick<Store, 'containers'>
  /** Scheme and host of redirects (`https://www.example.org`), where visitors reach us through something else. */
  readonly urlBase: string | undefined
}

export function staticWeb(deps: StaticWebDeps): ProxyLayer {
  return (inner) => (transaction) => {
    if (!isVisit(transaction)) return inner(transaction)
    const parsed = parseSwiftPath(transaction.path)
    const visit = new WebVisit(deps, inner, transaction)
    if (parsed.kind === 'object') return visit.object(parsed.name)
    if (parsed.kind === 'container') return visit.container(parsed.name)
    return inner(transaction)
  }
}

/** Who has a token speaks to the API, and sees the site only on request. */
function isVisit({ request, principal, grant }: Transaction): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false
  const isKnown = principal !== undefined || grant !== undefined
  return !isKnown || isTrue(request.headers['x-web-mode'])
}

/** A page of a listing is far below this; so is what the door answers without one. */
const LISTING_BYTES_MAX = 64 * 1024 * 1024

/** One look at one page. */
class WebVisit {
  readonly #deps: StaticWebDeps
  readonly #inner: ProxyHandler
  readonly #transaction: Transaction

  constructor(deps: StaticWebDeps, inner: ProxyHandler, transaction: Transaction) {
    this.#deps = deps
    this.#inner = inner
    this.#transaction = transaction
  }

  async object(name: ObjectName): Promise<Response> {
    const response = await this.#inner(this.#transaction)
    if (!isShown(response) && response.status !== 404) return response
    if (isShown(response) && lengthOf(response) > 1) return response
    const settings = await this.#settings(name)
    if (isShown(response) && !isDirectoryMarker(response, settings)) return response
    if (!isWebsite(settings)) return response
    await discard(response)
    if (settings.index !== '') {
      const index = await this.#indexOf(name, settings)
      if (index.status !== 404) return isShown(index) ? this.#withSlash(index) : index
      await discard(index)
    }
    return this.#folder(name, settings)
  }

  async container(name: ContainerName): Promise<Response> {
    const settings = await this.#settings(name)
    if (!isWebsite(settings)) return this.#plainContainer(name, settings)
    if (settings.index !== '') {
      const index = await this.#indexOf(name, settings)
      if (isShown(index)) return this.#withSlash(index)
      if (index.status !== 404) return this.#withErrorPage(index, name, settings)
      await discard(index)
    }
    if (this.#transaction.path.endsWith('/')) return this.#listing(name, '', settings)
    if (settings.index !== '') return this.#redirect()
    const listed = await this.#list(name, '', 1)
    return 'rows' in listed ? this.#redirect() : this.#withErrorPage(listed.refusal, name, settings)
  }

  /** A container that is no site is the API's own, but who is refused may be shown a page of the owner's. */
  async #plainContainer(name: ContainerName, settings: WebSettings): Promise<Response> {
    const response = await this.#inner(this.#transaction)
    const isRefused = response.status === 401 || response.status === 403
    if (isRefused) return this.#withErrorPage(response, name, settings)
    if (!isTrue(this.#transaction.request.headers['x-web-mode'])) return response
    await discard(response)
    return answer(404)
  }

  /** A folder without an index page. */
  async #folder(name: ObjectName, settings: WebSettings): Promise<Response> {
    if (name.object.endsWith('/')) return this.#listing(name, name.object, settings)
    const listed = await this.#list(name, `${name.object}/`, 1)
    if ('rows' in listed && listed.rows.length > 0) return this.#redirect()
    return this.#withErrorPage(answer(404), name, settings)
  }

  async #listing(name: ContainerName | ObjectName, prefix: string, settings: WebSettings): Promise<Response> {
    const label = labelOf(this.#transaction.path, settings)
    if (settings.listings !== 'shown') {
      const page = htmlAnswer(404, notListedPage(label, prefix, settings))
      return this.#withErrorPage(page, name, settings)
    }
    const listed = await this.#list(name, prefix)
    if ('refusal' in listed) return this.#withErrorPage(listed.refusal, name, settings)
    if (prefix !== '' && listed.rows.length === 0) return this.#withErrorPage(answer(404), name, settings)
    return htmlAnswer(200, listingPage({ label, prefix, rows: listed.rows, settings }))
  }

  /** A page of the listing, or the answer that refuses it to this visitor. */
  async #list(
    { account, container }: ContainerName | ObjectName,
    prefix: string,
    limit?: number,
  ): Promise<{ readonly rows: readonly ListedRow[] } | { readonly refusal: Response }> {
    const bounds = `${limit === undefined ? '' : `&limit=${limit}`}&prefix=${encodeURIComponent(prefix)}`
    const response = await this.#ask({ account, container }, `format=json&delimiter=%2F${bounds}`)
    if (response.status < 200 || response.status >= 300) return { refusal: response }
    const json = (await readWhole(response.body, LISTING_BYTES_MAX)).toString()
    return { rows: json === '' ? [] : (JSON.parse(json) as readonly ListedRow[]) }
  }

  /** The owner's page for a status, with the status; without one, the response as it is. */
  async #withErrorPage(
    response: Response,
    { account, container }: ContainerName | ObjectName,
    { error }: WebSettings,
  ): Promise<Response> {
    if (error === '') return response
    const page = await this.#ask({ account, container, object: `${response.status}${error}` }, '')
    if (page.status < 200 || page.status >= 300) {
      await discard(page)
      return response
    }
    await discard(response)
    return { status: response.status, headers: page.headers, body: page.body }
  }

  /** GET in the visitor's name, of something else and without conditions. */
  #ask(name: ContainerName | ObjectName, query: string): Promise<Response> {
    const { request } = this.#transaction
    const headers = senderHeaders(request.headers)
    const path = `/v1${encodedPathOf(name)}`
    return this.#inner(
      this.#transaction.derived(
        { ...request, method: 'GET', path, query, headers, body: EMPTY_BODY },
        `/v1${pathOf(name)}`,
      ),
    )
  }

  /** The index page of the folder, by the request's own method, conditions and range. */
  #indexOf(
    { account, container, object = '' }: ContainerName | ObjectName,
    settings: WebSettings,
  ): Promise<Response> {
    const folder = object === '' || object.endsWith('/') ? object : `${object}/`
    const name = { account, container, object: folder + settings.index }
    const { request } = this.#transaction
    const page = { ...request, path: `/v1${encodedPathOf(name)}` }
    return this.#inner(this.#transaction.derived(page, `/v1${pathOf(name)}`))
  }

  /** The index page itself below the slash; without the slash its relative links would lead astray. */
  async #withSlash(index: Response): Promise<Response> {
    if (this.#transaction.path.endsWith('/')) return index
    await discard(index)
    return this.#redirect()
  }

  #redirect(): Response {
    const { request, path } = this.#transaction
    const base = this.#deps.urlBase ?? hostUrlOf(request)
    return {
      status: 301,
      headers: { 'content-type': HTML_TYPE, location: `${base}${quotedPath(`${path}/`)}` },
      body: Buffer.from(explanationOf(301, '')),
    }
  }

  async #settings({ account, container }: ContainerName | ObjectName): Promise<WebSettings> {
    return webSettingsOf(await this.#deps.store.containers.info(this.#transaction, { account, container }))
  }
}

function isShown({ status }: Response): boolean {
  return status >= 200 && status < 400
}

function lengthOf(response: Response): number {
  return Number(headerOf(response, 'content-length') ?? 0)
}

/** An object of at most a byte that only says that there is a folder. */
function isDirectoryMarker(response: Response, { directoryType }: WebSettings): boolean {
  return headerOf(response, 'content-type') === directoryType && lengthOf(response) <= 1
}

/** The path below the container, after the owner's name for it; the whole path without one. */
function labelOf(path: string, { listingsLabel }: WebSettings): string {
  return listingsLabel === '' ? path : `${listingsLabel}/${path.split('/').slice(4).join('/')}`
}

function htmlAnswer(status: number, html: string): Response {
  const body = Buffer.from(html)
  return {
    status,
    headers: { 'content-type': HTML_TYPE, 'content-length': String(body.length) },
    body,
  }
}
