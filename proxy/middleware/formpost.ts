/**
 * Uploads from an HTML form, without a token: who has a form that the owner of the container signed may upload what it
 * allows, until it expires (OpenStack Swift, `common/middleware/formpost.py`).
 *
 *     <form action="/v1/ACCOUNT/CONTAINER/PREFIX" method="POST" enctype="multipart/form-data">
 *       redirect, max_file_size, max_file_count, expires, signature; then the files
 *
 * Each file becomes an upload of its own, streamed, with a grant for exactly its name. The browser is sent on only to
 * an address that was signed.
 */
import type { SignatureDigest } from '#auth/request-signature.ts'
import type { Clock } from '#base/environment.ts'
import { encodedPathOf, pathOf, quotedPath } from '#base/names.ts'
import { reasonOf } from '#http/header-lines.ts'
import { BodyError, discard, type HeaderMap, type RequestBody, type Response } from '#http/message.ts'
import { MimeError } from '#http/mime-reader.ts'
import type { ObjectName } from '#store/operation.ts'
import { textAnswer, unauthorizedText } from '../answers.ts'
import { senderHeaders } from '../sender-headers.ts'
import { parseSwiftPath } from '../swift/swift-path.ts'
import type { ProxyHandler, ProxyLayer, Transaction } from '../transaction.ts'
import {
  type FormFields,
  type FormRefusal,
  invalidForm,
  isRefused,
  isSigned,
  limitsIn,
  onWire,
  uploadHeaders,
} from './form-attributes.ts'
import { type FormFile, formBoundary, formParts } from './form-reader.ts'
import { type KeyDirectory, type SigningKey, signingKeys } from './signing-keys.ts'

export interface FormPostDeps {
  readonly clock: Clock
  readonly keys: KeyDirectory
  readonly allowedDigests: readonly SignatureDigest[]
}

export function formPost(deps: FormPostDeps): ProxyLayer {
  const receive = async (
    transaction: Transaction,
    boundary: string,
    inner: ProxyHandler,
  ): Promise<Response> =>
    new Submission(deps, inner, transaction, await keysFor(deps, transaction)).answer(boundary)
  return (inner) => (transaction) => {
    const { method, headers } = transaction.request
    const boundary = method === 'POST' ? formBoundary(headers['content-type']) : undefined
    return boundary === undefined ? inner(transaction) : receive(transaction, boundary, inner)
  }
}

/** None when the path names no container: nothing can be signed for it then. */
async function keysFor({ keys }: FormPostDeps, transaction: Transaction): Promise<readonly SigningKey[]> {
  const parsed = parseSwiftPath(transaction.path)
  if (parsed.kind !== 'object' && parsed.kind !== 'container') return []
  const { account, container } = parsed.name
  return signingKeys(keys, transaction, { account, container })
}

/** How the form ended: the status of the last upload, or of a refusal with its reason. */
interface Outcome {
  readonly status: number
  readonly message: string
  /** Of the last upload: headers that let a script of another site read the answer. */
  readonly headers: Response['headers']
}

/** One form on its way in. */
class Submission {
  readonly #deps: FormPostDeps
  readonly #inner: ProxyHandler
  readonly #transaction: Transaction
  readonly #keys: readonly SigningKey[]
  readonly #fields = new Map<string, string>()

  constructor(
    deps: FormPostDeps,
    inner: ProxyHandler,
    transaction: Transaction,
    keys: readonly SigningKey[],
  ) {
    this.#deps = deps
    this.#inner = inner
    this.#transaction = transaction
    this.#keys = keys
  }

  async answer(boundary: string): Promise<Response> {
    const outcome = await this.#readForm(boundary).catch(refusalOfBody)
    if (isRefused(outcome)) return refusal(outcome)
    const { status, message } = outcome
    const cors = Object.entries(outcome.headers).filter(([name]) => name.startsWith('access-control'))
    const headers = Object.fromEntries(cors)
    const redirect = this.#fields.get('redirect') ?? ''
    if (redirect !== '' && this.#isSigned(this.#fields)) return redirected(redirect, status, message, headers)
    const line = `${status} ${reasonOf(status)}`
    const answer = textAnswer(status, message === '' ? line : `${line}\r\nFormPost: ${titled(message)}`)
    return { ...answer, headers: { ...answer.headers, ...headers } }
  }

  async #readForm(boundary: string): Promise<Outcome | FormRefusal> {
    let files = 0
    let last: Outcome = { status: 400, message: 'no files to process', headers: {} }
    for await (const part of formParts(this.#transaction.request.body, boundary)) {
      if (part.kind === 'field') {
        this.#fields.set(part.name, part.value)
        continue
      }
      files += 1
      const uploaded = await this.#receive(part, files)
      if (isRefused(uploaded)) return uploaded
      last = uploaded
      if (last.status >= 300) return last
    }
    return last
  }

  /** One file, checked against the fields before it; those behind it do not count. */
  async #receive(file: FormFile, count: number): Promise<Outcome | FormRefusal> {
    const limits = limitsIn(this.#fields)
    if (isRefused(limits)) return limits
    if (count > limits.maxFileCount) return { status: 400, message: 'max file count exceeded', headers: {} }
    const headers = uploadHeaders(this.#fields, file.headers)
    if (isRefused(headers)) return headers
    if (limits.expires < this.#deps.clock.wallMs() / 1000) return unauthorizedForm('form expired')
    const name = this.#isSigned(this.#fields) ? this.#nameOf(file) : undefined
    if (name === undefined) return unauthorizedForm('invalid signature')
    const body = new CappedBody(file.body, limits.maxFileSizeBytes)
    const response = await this.#upload(name, headers, body)
    if (body.malformed !== undefined) return refusalOfBody(body.malformed)
    if (body.isOver) return invalidForm('max_file_size exceeded')
    return { status: response.status, message: '', headers: response.headers }
  }

  #isSigned(fields: FormFields): boolean {
    return isSigned(this.#transaction.path, fields, this.#keys, this.#deps.allowedDigests)
  }

  /** The prefix in the path and the file's own name; never in another container than the one that was signed. */
  #nameOf({ filename }: FormFile): ObjectName | undefined {
    if (filename.includes('\0')) return undefined
    const signed = parseSwiftPath(this.#transaction.path)
    if (signed.kind === 'container') return { ...signed.name, object: filename }
    return signed.kind === 'object' ? { ...signed.name, object: signed.name.object + filename } : undefined
  }

  async #upload(name: ObjectName, ofFile: HeaderMap, body: RequestBody): Promise<Response> {
    const { request } = this.#transaction
    const path = `/v1${encodedPathOf(name)}`
    const headers = { ...senderHeaders(request.headers), ...ofFile, 'transfer-encoding': 'chunked' }
    const upload = { ...request, method: 'PUT', path, query: '', headers, body }
    const transaction = this.#transaction.derived(upload, `/v1${pathOf(name)}`)
    transaction.grant = { method: 'PUT', name, reach: 'nothing' }
    const response = await this.#inner(transaction)
    await discard(response)
    return response
  }
}

function refusal({ kind, reason }: FormRefusal): Response {
  if (kind === 'invalid') return textAnswer(400, `FormPost: ${reason}`)
  return unauthorizedText(`FormPost: ${titled(reason)}`)
}

function unauthorizedForm(reason: string): FormRefusal {
  return { kind: 'unauthorized', reason }
}

function refusalOfBody(error: unknown): FormRefusal {
  if (!(error instanceof MimeError)) throw error
  return invalidForm(error.code === 'MIME_TRUNCATED' ? 'the form is cut off' : 'invalid starting boundary')
}

/** A file of a form as the body of an upload; one that is too long or cut off breaks off and is never stored. */
class CappedBody implements RequestBody {
  readonly lengthBytes = undefined
  readonly #inner: AsyncIterable<Buffer>
  #leftBytes: number
  #state: 'open' | 'cancelled' = 'open'
  #malformed: MimeError | undefined

  constructor(inner: AsyncIterable<Buffer>, limitBytes: number) {
    this.#inner = inner
    this.#leftBytes = limitBytes
  }

  get isOver(): boolean {
    return this.#leftBytes < 0
  }

  /** Why the form ended in the middle of the file. */
  get malformed(): MimeError | undefined {
    return this.#malformed
  }

  readonly sendContinue = (): void => {}

  /** The rest of the file is skipped by whoever asks for the next part. */
  async cancel(): Promise<void> {
    this.#state = 'cancelled'
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for await (const piece of this.#pieces()) {
      if (this.#state === 'cancelled') throw new BodyError('BODY_CANCELLED')
      this.#leftBytes -= piece.length
      if (this.isOver) throw new BodyError('SENDER_GONE')
      yield piece
    }
  }

  async *#pieces(): AsyncGenerator<Buffer> {
    try {
      for await (const piece of this.#inner) yield piece
    } catch (error) {
      if (!(error instanceof MimeError)) throw error
      this.#malformed = error
      throw new BodyError('SENDER_GONE', error)
    }
  }
}

/** 303 to the signed address, which is told how it went. */
function redirected(
  redirect: string,
  status: number,
  message: string,
  headers: Response['headers'],
): Response {
  const joint = redirect.includes('?') ? '&' : '?'
  const location = `${redirect}${joint}status=${status}&message=${quotedPath(message)}`
  const link = location.replaceAll('<', '%3C').replaceAll('>', '%3E').replaceAll('"', '%22')
  const body = Buffer.from(`<html><body><p><a href="${link}">Click to continue...</a></p></body></html>`)
  return {
    status: 303,
    headers: { ...headers, location: onWire(location), 'content-length': String(body.length) },
    body,
  }
}

/** Each word with a capital. */
function titled(text: string): string {
  return text.replaceAll(/[A-Za-z]+/g, (word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
}
