/** `response-…` parameters: headers of the answer that the request sets itself, which only signed ones may. */
import { invalidArgument, type S3Error, s3Error } from '../error.ts'
import type { S3Visit } from '../operation.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
const OVERRIDES: ReadonlySet<string> = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
])
const PREFIX = 'response-'

const NONE: Readonly<Record<string, string>> = {}

/** The headers that take the place of the stored ones. */
export function responseOverrides({ request, caller }: S3Visit): Readonly<Record<string, string>> | S3Error {
  if (request.query.size === 0) return NONE
  let overrides: Record<string, string> | undefined
  for (const [parameter, value] of request.query) {
    if (!parameter.startsWith(PREFIX)) continue
    const name = parameter.slice(PREFIX.length)
    if (!OVERRIDES.has(name)) {
      const message = `${parameter} is not in the set of overridable response headers. Please refer to the S3 API documentation for a complete list of overridable response headers.`
      return invalidArgument(parameter, value, message)
    }
    overrides ??= {}
    overrides[name] = headerText(value)
  }
  if (overrides === undefined) return NONE
  if (caller.kind === 'user') return overrides
  const message = 'Request specific response headers cannot be used for anonymous GET requests.'
  return s3Error('InvalidRequest', { message })
}

/** Text as it may stand in a header: bytes of UTF-8, and nothing that would end the line. */
function headerText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is taken out
  return Buffer.from(text.replace(/[\u0000-\u0008\u000a-\u001f\u007f]/g, ''), 'utf8').toString('latin1')
}
