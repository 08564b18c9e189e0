/** The upload that a form stands for: the request as it would have been with headers in place of fields. */
import type { SizeRange } from '#auth/s3/post-policy.ts'
import type { HeaderMap, RequestBody } from '#http/message.ts'
import { MimeError } from '#http/mime-reader.ts'
import type { FormFile } from '../../middleware/form-reader.ts'
import { announcedChecksum } from '../body/announced-checksum.ts'
import type { BodyFraming } from '../body/body-framing.ts'
import { CheckedBody } from '../body/checked-body.ts'
import { invalidArgument, isS3Error, type S3Error, s3Error } from '../error.ts'
import { COMMON_HEADERS } from '../objects/object-facts.ts'
import type { SentBody } from '../operation.ts'
import type { S3Request } from '../request.ts'
import { parseXml, XmlElement } from '../xml-reader.ts'

const HEADERS: ReadonlySet<string> = new Set(['content-type', 'content-md5', ...COMMON_HEADERS])

/** Fields of the signature, which are no headers. */
const OF_THE_SIGNATURE: ReadonlySet<string> = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-signature',
])

/** The request that puts the file where the form says; it remains the POST that it is. */
export function uploadRequest(
  request: S3Request,
  fields: ReadonlyMap<string, string>,
  key: string,
): S3Request | S3Error {
  const headers: Record<string, string> = {}
  for (const [field, value] of fields) {
    const name = headerOf(field)
    if (name === undefined) continue
    if (/\p{Cc}/u.test(value))
      return invalidArgument(field, value, 'A field may not hold control characters.')
    headers[name] = Buffer.from(value).toString('latin1')
  }
  const tagging = fields.get('tagging')
  const tags = tagging === undefined ? undefined : tagsIn(tagging)
  if (tags !== undefined && typeof tags !== 'string') return tags
  if (tags !== undefined) headers['x-amz-tagging'] = tags
  return {
    ...request,
    headers,
    level: 'object',
    key,
    resource: `${request.resource.replace(/\/$/, '')}/${key}`,
  }
}

function headerOf(field: string): string | undefined {
  if (field === 'acl') return 'x-amz-acl'
  if (HEADERS.has(field)) return field
  return field.startsWith('x-amz-') && !OF_THE_SIGNATURE.has(field) ? field : undefined
}

/** A form has tags as XML, an upload as a query. */
function tagsIn(xml: string): string | S3Error {
  const parsed = parseXml(Buffer.from(xml))
  if (!(parsed instanceof XmlElement)) return parsed
  if (parsed.name !== 'Tagging') return s3Error('MalformedXML')
  const tags = parsed.child('TagSet')?.all('Tag') ?? []
  const pairs = tags.map((tag): [string, string] => [tag.textOf('Key') ?? '', tag.textOf('Value') ?? ''])
  return new URLSearchParams(pairs).toString()
}

/** The file as the body of an upload; one that the policy does not allow, or that is cut off, is never stored. */
export function fileBody(
  file: FormFile,
  headers: HeaderMap,
  sizes: readonly SizeRange[],
  form: RequestBody,
): SentBody | S3Error {
  const announced = announcedChecksum(headers)
  if (isS3Error(announced)) return announced
  const framing = new FileFraming(sizes)
  return new CheckedBody({ inner: fileIn(file, form, framing), framing, lengthBytes: undefined, announced })
}

class FileFraming implements BodyFraming {
  readonly trailingChecksum = undefined
  readonly #sizes: readonly SizeRange[]
  #sizeBytes = 0
  #isMalformed = false

  constructor(sizes: readonly SizeRange[]) {
    this.#sizes = sizes
  }

  *take(piece: Buffer): Generator<Buffer, S3Error | undefined> {
    this.#sizeBytes += piece.length
    const broken = this.#sizes.find(({ mostBytes }) => this.#sizeBytes > mostBytes)
    if (broken !== undefined) {
      const extra = { ProposedSize: String(this.#sizeBytes), MaxSizeAllowed: String(broken.mostBytes) }
      return s3Error('EntityTooLarge', { extra })
    }
    yield piece
    return undefined
  }

  end(): S3Error | undefined {
    if (this.#isMalformed) return s3Error('MalformedPOSTRequest')
    const broken = this.#sizes.find(({ leastBytes }) => this.#sizeBytes < leastBytes)
    if (broken === undefined) return undefined
    const extra = { ProposedSize: String(this.#sizeBytes), MinSizeAllowed: String(broken.leastBytes) }
    return s3Error('EntityTooSmall', { extra })
  }

  /** The form broke off in the middle of the file. */
  cutOff(): void {
    this.#isMalformed = true
  }
}

/** Whoever gives the file up gives up the form. */
function fileIn({ body }: FormFile, form: RequestBody, framing: FileFraming): RequestBody {
  return {
    lengthBytes: undefined,
    sendContinue: () => {},
    cancel: () => form.cancel(),
    async *[Symbol.asyncIterator]() {
      try {
        yield* body
      } catch (error) {
        if (!(error instanceof MimeError)) throw error
        framing.cutOff()
      }
    },
  }
}
