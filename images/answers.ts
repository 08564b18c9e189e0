/**
 * Responses of the Images API. A refusal is a small HTML page unless the client asks for JSON or plain text, as in
 * OpenStack Glance, whose clients read the page.
 */
import type { HeaderMap, Response } from '#http/message.ts'
import type { Refusal, RefusalStatus } from './refusal.ts'

/** The JSON that handlers give: plain values, in the order in which they are to be written. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json | undefined }

const EMPTY = Buffer.alloc(0)

export function jsonAnswer(status: number, value: Json, headers: HeaderMap = {}): Response {
  return writtenAnswer(status, JSON.stringify(value), headers)
}

/** The same, of JSON that is written already. */
export function writtenAnswer(status: number, json: string, headers: HeaderMap = {}): Response {
  const body = Buffer.from(json)
  return {
    status,
    headers: { 'content-type': 'application/json', 'content-length': String(body.length), ...headers },
    body,
  }
}

/** A success without a body; 204 has no length either. */
export function emptyAnswer(status: number, headers: HeaderMap = {}): Response {
  const length = status === 204 ? {} : { 'content-length': '0' }
  return { status, headers: { ...length, ...headers }, body: EMPTY }
}

/** The refusal in the form that the client's `Accept` asks for. */
export function refusalAnswer(refusal: Refusal, accept: string | undefined): Response {
  const { contentType, text } = written(refusal, accept ?? '')
  const body = Buffer.from(text)
  return {
    status: refusal.status,
    headers: { 'content-type': contentType, 'content-length': String(body.length), ...refusal.headers },
    body,
  }
}

/** As OpenStack Glance's library (WebOb) writes them. */
const TITLES: Readonly<Record<RefusalStatus, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  416: 'Requested Range Not Satisfiable',
  431: 'Request Header Fields Too Large',
  499: 'Client Disconnected',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

interface Written {
  readonly contentType: string
  readonly text: string
}

function written({ status, message }: Refusal, accept: string): Written {
  const title = TITLES[status]
  const line = `${status} ${title}`
  if (accept.includes('html') || accept === '' || accept.includes('*/*')) {
    return { contentType: 'text/html; charset=UTF-8', text: page(line, message) }
  }
  if (accept.includes('json')) {
    return { contentType: 'application/json', text: JSON.stringify({ message, code: line, title }) }
  }
  return { contentType: 'text/plain; charset=UTF-8', text: `${line}\n\n${message}\n\n   ` }
}

function page(line: string, message: string): string {
  return `<html>
 <head>
  <title>${line}</title>
 </head>
 <body>
  <h1>${line}</h1>
  ${escaped(message)}<br /><br />



 </body>
</html>`
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
