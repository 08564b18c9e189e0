/**
 * A line of a bucket's access log and the name of the object that it is in (Amazon S3 User Guide, "Amazon S3 server access
 * log format", "How logs are delivered"). Pure. What a client sent is written so that it cannot end a field or a line.
 */
import type { LoggingConfiguration } from '#store/bucket-settings/documents.ts'

export interface LoggedRequest {
  readonly bucketOwner: string
  readonly bucket: string
  /** When it came, milliseconds since the epoch. */
  readonly atMs: number
  readonly remoteAddress: string
  readonly requester: string | undefined
  readonly requestId: string
  /** `REST.GET.OBJECT`. */
  readonly operation: string
  readonly key: string | undefined
  readonly method: string
  /** Path and query as they were sent. */
  readonly target: string
  readonly status: number
  readonly errorCode: string | undefined
  readonly sentBytes: number | undefined
  readonly tookMs: number
  readonly referer: string | undefined
  readonly userAgent: string | undefined
  readonly versionId: string | undefined
  readonly host: string | undefined
  readonly signature: 'SigV4' | 'SigV2' | undefined
  readonly authentication: 'AuthHeader' | 'QueryString' | undefined
}

const NOTHING = '-'

export function logLine(request: LoggedRequest): string {
  const fields = [
    word(request.bucketOwner),
    word(request.bucket),
    `[${logTime(request.atMs)}]`,
    word(request.remoteAddress),
    word(request.requester),
    word(request.requestId),
    request.operation,
    word(encodeURIComponent(encodeURIComponent(request.key?.toWellFormed() ?? ''))),
    quoted(`${request.method} ${request.target} HTTP/1.1`),
    String(request.status),
    word(request.errorCode),
    number(request.sentBytes),
    number(request.sentBytes),
    number(Math.round(request.tookMs)),
    number(Math.round(request.tookMs)),
    quoted(request.referer),
    quoted(request.userAgent),
    word(request.versionId),
    word(request.requestId),
    word(request.signature),
    NOTHING,
    word(request.authentication),
    word(request.host),
    NOTHING,
    NOTHING,
    NOTHING,
  ]
  return `${fields.join(' ')}\n`
}

function word(text: string | undefined): string {
  if (text === undefined || text === '') return NOTHING
  return text.toWellFormed().replace(/[^\x21-\x7e]|["[\]]/gu, (character) => encodeURIComponent(character))
}

function quoted(text: string | undefined): string {
  if (text === undefined || text === '') return `"${NOTHING}"`
  return `"${text.replace(/["\\]|[^\x20-\x7e]/g, escaped)}"`
}

function escaped(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

function number(value: number | undefined): string {
  return value === undefined ? NOTHING : String(value)
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const

/** `06/Feb/2019:00:00:38 +0000`. */
function logTime(atMs: number): string {
  const iso = new Date(atMs).toISOString()
  const month = MONTHS[Number(iso.slice(5, 7)) - 1]
  return `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`
}

type Enabled = NonNullable<LoggingConfiguration['enabled']>

/** The key of a log object; `unique` tells those of one second apart. */
export function logKey(
  { targetPrefix, keyFormat }: Enabled,
  source: { readonly account: string; readonly region: string; readonly bucket: string },
  atMs: number,
  unique: string,
): string {
  const iso = new Date(atMs).toISOString()
  const time = `${iso.slice(0, 10)}-${iso.slice(11, 19).replaceAll(':', '-')}-${unique}`
  if (keyFormat?.kind !== 'partitioned') return `${targetPrefix}${time}`
  const { account, region, bucket } = source
  return `${targetPrefix}${account}/${region}/${bucket}/${iso.slice(0, 10).replaceAll('-', '/')}/${time}`
}
