/** What a browser is told of an upload by form: as the form asked for it. */
import { quotedPath } from '#base/names.ts'
import { headerOf, type Request, type Response } from '#http/message.ts'
import { hostUrlOf } from '../../host-url.ts'
import type { S3Request } from '../request.ts'
import { element, plainDocument, xmlAnswer } from '../xml-writer.ts'

const STATUSES: ReadonlySet<string> = new Set(['200', '201', '204'])

/** `put` is the answer of the upload itself. */
export function formAnswer(request: S3Request, fields: ReadonlyMap<string, string>, put: Response): Response {
  const { bucket = '', key = '' } = request
  const etag = headerOf(put, 'etag') ?? ''
  const redirect = redirectIn(fields)
  const headers = { ...put.headers, etag }
  if (redirect !== undefined) {
    for (const [name, value] of Object.entries({ bucket, key, etag }))
      redirect.searchParams.append(name, value)
    return {
      status: 303,
      headers: { ...headers, location: redirect.href, 'content-length': '0' },
      body: undefined,
    }
  }
  const location = `${placeOf(request)}/${quotedPath(key)}`
  const asked = fields.get('success_action_status') ?? ''
  const status = STATUSES.has(asked) ? Number(asked) : 204
  if (status !== 201)
    return { status, headers: { ...headers, location, 'content-length': '0' }, body: undefined }
  const xml = plainDocument(
    'PostResponse',
    element('Location', location),
    element('Bucket', bucket),
    element('Key', key),
    element('ETag', etag),
  )
  return xmlAnswer(201, xml, stringsOf({ ...headers, location }))
}

/** An address that is none is as if it had not been given. */
function redirectIn(fields: ReadonlyMap<string, string>): URL | undefined {
  const written = fields.get('success_action_redirect') ?? fields.get('redirect')
  const url = written === undefined ? null : URL.parse(written)
  return url !== null && /^https?:$/.test(url.protocol) ? url : undefined
}

function placeOf({ http, style, bucket = '' }: S3Request): string {
  const host = hostUrlOf(http satisfies Request)
  return style === 'host' ? host : `${host}/${quotedPath(bucket)}`
}

function stringsOf(headers: Response['headers']): Record<string, string> {
  const entries = Object.entries(headers).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return Object.fromEntries(entries)
}
