/** The page that a website shows for an error when its owner made none; its form is that of Amazon S3's website endpoints. */
import { reasonOf } from '#http/header-lines.ts'
import type { Response } from '#http/message.ts'
import { HTML_TYPE } from '../../answers.ts'
import { escapedHtml } from '../../web/html.ts'
import type { S3Error } from '../error.ts'

/** `custom`: what went wrong with the owner's own page. */
export function errorPage(error: S3Error, txId: string, custom?: S3Error): Response {
  const title = `${error.status} ${reasonOf(error.status)}`
  const facts = { ...error.extra, RequestId: txId, HostId: txId }
  const html = `<html>
<head><title>${title}</title></head>
<body>
<h1>${title}</h1>
${listOf(error, facts)}${custom === undefined ? '' : `<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n${listOf(custom, custom.extra)}`}<hr/>
</body>
</html>
`
  const body = Buffer.from(html)
  return {
    status: error.status,
    headers: {
      ...error.headers,
      ...errorHeaders(error),
      'content-type': HTML_TYPE,
      'content-length': String(body.length),
    },
    body,
  }
}

function listOf({ code, message }: S3Error, facts: Readonly<Record<string, string>>): string {
  const items = Object.entries({ Code: code, Message: message, ...facts }).map(
    ([name, value]) => `<li>${escapedHtml(name)}: ${escapedHtml(value)}</li>\n`,
  )
  return `<ul>\n${items.join('')}</ul>\n`
}

/** What programs read of it. */
export function errorHeaders({ code, message, extra }: S3Error): Readonly<Record<string, string>> {
  const key = extra['Key']
  return {
    'x-amz-error-code': code,
    'x-amz-error-message': message,
    ...(key === undefined ? {} : { 'x-amz-error-detail-key': encodeURIComponent(key) }),
  }
}
