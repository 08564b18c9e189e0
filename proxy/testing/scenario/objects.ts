/** Objects: uploads and their headers, metadata, names. */
import { ACCOUNT, HELLO, own, type Step } from './step.ts'

const OBJECT_HEADERS = {
  'Content-Type': 'text/plain',
  'X-Object-Meta-Colour': 'blue',
  'X-Object-Meta-Empty': '',
  'Content-Disposition': 'attachment',
  'Content-Encoding': 'gzip',
  'Cache-Control': 'no-cache',
  'Content-Language': 'de',
  Expires: 'Thu, 01 Dec 2094 16:00:00 GMT',
  'X-Robots-Tag': 'noindex',
}

export const OBJECTS: readonly Step[] = [
  own('PUT of an object', 'PUT', `${ACCOUNT}/c/o`, { body: 'hello world', headers: OBJECT_HEADERS }),
  own('GET of an object', 'GET', `${ACCOUNT}/c/o`),
  own('HEAD of an object', 'HEAD', `${ACCOUNT}/c/o`),
  own('GET of an object with X-Newest', 'GET', `${ACCOUNT}/c/o`, { headers: { 'X-Newest': 'true' } }),
  own('PUT of an object without type', 'PUT', `${ACCOUNT}/c/o.html`, { body: 'hello' }),
  own('HEAD of an object without type', 'HEAD', `${ACCOUNT}/c/o.html`),
  own('PUT of an object of unknown type', 'PUT', `${ACCOUNT}/c/o.unknown`, { body: 'hello' }),
  own('HEAD of an object of unknown type', 'HEAD', `${ACCOUNT}/c/o.unknown`),
  own('PUT of an object with its type to be guessed', 'PUT', `${ACCOUNT}/c/o.png`, {
    body: 'hello',
    headers: { 'Content-Type': 'text/plain', 'X-Detect-Content-Type': 'true' },
  }),
  own('HEAD of an object with its type guessed', 'HEAD', `${ACCOUNT}/c/o.png`),
  own('PUT of an object with a type of ours', 'PUT', `${ACCOUNT}/c/o`, {
    body: 'x',
    headers: { 'Content-Type': 'text/plain; swift_bytes=3' },
  }),
  own('PUT of an object with a type that is no UTF-8', 'PUT', `${ACCOUNT}/c/o`, {
    body: 'x',
    headers: { 'Content-Type': 'text/\u00ff' },
  }),
  own('PUT of an object with a charset', 'PUT', `${ACCOUNT}/c/charset`, {
    body: 'x',
    headers: { 'Content-Type': 'text/plain; charset=UTF-8' },
  }),
  own('GET of an object with a charset', 'GET', `${ACCOUNT}/c/charset`),
  own('PUT of an object in chunks', 'PUT', `${ACCOUNT}/c/chunked`, { ...HELLO, framing: 'chunked' }),
  own('GET of an object sent in chunks', 'GET', `${ACCOUNT}/c/chunked`),
  own('PUT of an empty object', 'PUT', `${ACCOUNT}/c/empty`, {
    body: '',
    headers: { 'Content-Type': 'text/plain' },
  }),
  own('GET of an empty object', 'GET', `${ACCOUNT}/c/empty`),
  own('GET of a range of an empty object', 'GET', `${ACCOUNT}/c/empty`, { headers: { Range: 'bytes=0-1' } }),
  own('GET of the end of an empty object', 'GET', `${ACCOUNT}/c/empty`, { headers: { Range: 'bytes=-5' } }),
  own('PUT without length', 'PUT', `${ACCOUNT}/c/o2`, {
    framing: 'none',
    headers: { 'Content-Type': 'text/plain' },
  }),
  own('PUT of an object too large', 'PUT', `${ACCOUNT}/c/o2`, {
    framing: 'none',
    headers: { 'Content-Type': 'text/plain', 'Content-Length': '5368709123' },
  }),
  own('PUT of an object with a bad transfer encoding', 'PUT', `${ACCOUNT}/c/o2`, {
    framing: 'none',
    headers: { 'Content-Type': 'text/plain', 'Transfer-Encoding': 'gzip' },
  }),
  own('PUT of an object with two transfer encodings', 'PUT', `${ACCOUNT}/c/o2`, {
    framing: 'none',
    headers: { 'Content-Type': 'text/plain', 'Transfer-Encoding': 'gzip, chunked' },
  }),
  own('PUT with the right ETag', 'PUT', `${ACCOUNT}/c/etag`, {
    body: 'hello world',
    headers: { 'Content-Type': 'text/plain', ETag: '5eb63bbbe01eeed093cb22bb8f5acdc3' },
  }),
  own('PUT with the right ETag in quotes', 'PUT', `${ACCOUNT}/c/etag`, {
    body: 'hello world',
    headers: { 'Content-Type': 'text/plain', ETag: '"5eb63bbbe01eeed093cb22bb8f5acdc3"' },
  }),
  own('PUT with a wrong ETag', 'PUT', `${ACCOUNT}/c/etag2`, {
    body: 'hello world',
    headers: { 'Content-Type': 'text/plain', ETag: '00000000000000000000000000000000' },
  }),
  own('nothing there after a wrong ETag', 'HEAD', `${ACCOUNT}/c/etag2`),
  own('PUT with the right ETag in capitals', 'PUT', `${ACCOUNT}/c/etag`, {
    body: 'hello world',
    headers: { 'Content-Type': 'text/plain', ETag: '5EB63BBBE01EEED093CB22BB8F5ACDC3' },
  }),
  own('PUT with an empty ETag', 'PUT', `${ACCOUNT}/c/etag`, {
    body: 'hello world',
    headers: { 'Content-Type': 'text/plain', ETag: '' },
  }),
  own('PUT with a matching If-Match', 'PUT', `${ACCOUNT}/c/etag`, {
    body: 'hello world',
    headers: { 'Content-Type': 'text/plain', 'If-Match': '"abc"' },
  }),
  own('PUT only when absent, present', 'PUT', `${ACCOUNT}/c/o`, {
    ...HELLO,
    headers: { 'Content-Type': 'text/plain', 'If-None-Match': '*' },
  }),
  own('PUT only when absent, absent', 'PUT', `${ACCOUNT}/c/new`, {
    ...HELLO,
    headers: { 'Content-Type': 'text/plain', 'If-None-Match': '*' },
  }),
  own('PUT with an ETag in If-None-Match', 'PUT', `${ACCOUNT}/c/new`, {
    ...HELLO,
    headers: { 'Content-Type': 'text/plain', 'If-None-Match': 'abc' },
  }),
  own('PUT in a container that is not there', 'PUT', `${ACCOUNT}/missing/o`, HELLO),
  own('GET in a container that is not there', 'GET', `${ACCOUNT}/missing/o`),
  own('HEAD in a container that is not there', 'HEAD', `${ACCOUNT}/missing/o`),
  own('POST in a container that is not there', 'POST', `${ACCOUNT}/missing/o`, { body: '' }),
  own('DELETE in a container that is not there', 'DELETE', `${ACCOUNT}/missing/o`),
  own('PUT with an object name too long', 'PUT', `${ACCOUNT}/c/${'o'.repeat(1025)}`, HELLO),
  own('PUT with an object name just short enough', 'PUT', `${ACCOUNT}/c/${'o'.repeat(1024)}`, HELLO),
  own('DELETE of an object name just short enough', 'DELETE', `${ACCOUNT}/c/${'o'.repeat(1024)}`),
  own('PUT with a metadata name too long', 'PUT', `${ACCOUNT}/c/o2`, {
    body: 'x',
    headers: { 'Content-Type': 'text/plain', [`X-Object-Meta-${'a'.repeat(129)}`]: 'x' },
  }),
  own('PUT with metadata that is no UTF-8', 'PUT', `${ACCOUNT}/c/latin`, {
    body: 'x',
    headers: { 'Content-Type': 'text/plain', 'X-Object-Meta-A': '\u00ff' },
  }),
  own('HEAD of metadata that is no UTF-8', 'HEAD', `${ACCOUNT}/c/latin`),
  own('POST of object metadata', 'POST', `${ACCOUNT}/c/o`, {
    headers: { 'X-Object-Meta-Shape': 'round' },
    body: '',
  }),
  own('HEAD of changed object metadata', 'HEAD', `${ACCOUNT}/c/o`),
  own('POST of an object type', 'POST', `${ACCOUNT}/c/o`, {
    headers: { 'Content-Type': 'image/png' },
    body: '',
  }),
  own('HEAD of a changed object type', 'HEAD', `${ACCOUNT}/c/o`),
  own('POST of an object type of ours', 'POST', `${ACCOUNT}/c/o`, {
    headers: { 'Content-Type': 'text/plain; swift_bytes=3' },
    body: '',
  }),
  own('HEAD after an object type of ours', 'HEAD', `${ACCOUNT}/c/o`),
  own('POST of an empty object type', 'POST', `${ACCOUNT}/c/o`, {
    headers: { 'Content-Type': '' },
    body: '',
  }),
  own('HEAD after an empty object type', 'HEAD', `${ACCOUNT}/c/o`),
  own('POST of other object headers', 'POST', `${ACCOUNT}/c/o`, {
    headers: { 'Content-Disposition': 'inline', 'X-Robots-Tag': 'all', 'Content-Encoding': '' },
    body: '',
  }),
  own('HEAD of other object headers', 'HEAD', `${ACCOUNT}/c/o`),
  own('POST of an object that is not there', 'POST', `${ACCOUNT}/c/nothing`, { body: '' }),
  own('POST of bad object metadata', 'POST', `${ACCOUNT}/c/o`, {
    headers: { 'X-Object-Meta-': 'x' },
    body: '',
  }),
  own('OPTIONS of an object', 'OPTIONS', `${ACCOUNT}/c/o`),
  own('DELETE of an object that is not there', 'DELETE', `${ACCOUNT}/c/nothing`),
  own('GET of an object that is not there', 'GET', `${ACCOUNT}/c/nothing`),
  own('HEAD of an object that is not there', 'HEAD', `${ACCOUNT}/c/nothing`),
  own('an encoded slash in the path', 'PUT', `${ACCOUNT}/c%2Fencoded`, HELLO),
  own('GET across an encoded slash', 'GET', `${ACCOUNT}/c/encoded`),
  own(
    'PUT of a name of odd characters',
    'PUT',
    `${ACCOUNT}/c/a%20%25%3F%26%22%3C%3E%C3%BC/%F0%9F%98%80`,
    HELLO,
  ),
  own('GET of a name of odd characters', 'GET', `${ACCOUNT}/c/a%20%25%3F%26%22%3C%3E%C3%BC/%F0%9F%98%80`),
  own('the names as plain text', 'GET', `${ACCOUNT}/c?prefix=a`),
  own('the names as JSON', 'GET', `${ACCOUNT}/c?format=json&prefix=a`),
  own('the names as XML', 'GET', `${ACCOUNT}/c?format=xml&prefix=a`),
]
