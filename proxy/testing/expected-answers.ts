/**
 * What our door must answer to the scenario: what OpenStack Swift 2.30 did, and where ours differs on purpose, how and
 * why.
 */
import { readFileSync } from 'node:fs'
import type { NormalAnswer } from './normal-answer.ts'
import type { Step } from './scenario/step.ts'

const recorded = JSON.parse(
  readFileSync(new URL('./swift-2.30-answers.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, NormalAnswer>>

interface Difference {
  readonly why: string
  readonly status?: number
  /** Instead of what Swift sends; `undefined` for a header that we do not send. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?: unknown
}

const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'POST to auth is not allowed': {
    why: 'RFC 9110, section 15.5.6: 405 names what is allowed',
    headers: { allow: 'GET' },
  },
  'no token for a wrong key': {
    why: 'Swift tells by the realm which users there are',
    headers: { 'www-authenticate': 'Swift realm="test"' },
  },
  'an empty container before an object': {
    why: 'Swift fails here with an internal error',
    status: 412,
    headers: { 'content-type': 'text/html; charset=UTF-8', 'content-length': '7' },
    body: 'Bad URL',
  },
  ...Object.fromEntries(
    [
      'a reseller at another account',
      'version v1.0',
      'an account with a trailing slash',
      'HEAD of an account never used',
      'GET of an account never used',
      'GET of an account never used as JSON',
      'GET of an account never used as XML',
    ].map((name) => [
      name,
      {
        why: 'an account that is not there reads as an empty one, in every respect',
        status: name.startsWith('GET') && name.includes(' as ') ? 200 : 204,
        headers: { 'accept-ranges': 'bytes', 'x-put-timestamp': undefined },
      },
    ]),
  ),
  'PUT with a wrong ETag': {
    why: 'Swift tells when the object that it refused would have been stored',
    headers: { 'last-modified': undefined },
  },
  'PUT with the right ETag in capitals': {
    why: 'Swift tells when the object that it refused would have been stored',
    headers: { 'last-modified': undefined },
  },
  'PUT with a matching If-Match': {
    why: 'Swift ignores `If-Match` of an upload and overwrites what the client wanted to keep',
    status: 412,
    headers: { 'content-length': '92', etag: undefined, 'last-modified': undefined },
    body: '<html><h1>Precondition Failed</h1><p>A precondition for this request was not met.</p></html>',
  },
}

/** The answer that a step must get. */
export function expectedOf(step: Step): NormalAnswer {
  const swift = recorded[step.name]
  if (swift === undefined) throw new Error(`no answer recorded for ${step.name}: run testing/record-swift.ts`)
  const difference = DIFFERENCES[step.name]
  const { status = swift.status, body = swift.body } = difference ?? {}
  const headers = Object.entries({ ...swift.headers, ...difference?.headers }).filter(
    ([, value]) => value !== undefined,
  )
  return { status, headers: Object.fromEntries(headers) as Record<string, string>, body }
}
