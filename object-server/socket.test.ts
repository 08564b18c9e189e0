/** The object server behind a real socket, spoken to as OpenStack Swift's proxy does. */
import { hash } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { footerDocument, objectHead } from '#http/mime-writer.ts'
import { listen } from '#http/server.ts'
import { at, OBJECT_PATH, put, startTestServer } from './test-server.ts'

const BOUNDARY = 'x'.repeat(32)
const BODY = Buffer.alloc(300_000, 'body')

/** Reads from the socket until the text ends so. */
async function readUntil(socket: Socket, end: string): Promise<string> {
  let text = ''
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += String(chunk)
    if (text.endsWith(end)) break
  }
  return text
}

function head(headers: Record<string, string>): string {
  const lines = Object.entries({
    Host: 'x',
    'Content-Type': 'a/b',
    'Transfer-Encoding': 'chunked',
    ...headers,
  })
  return `PUT ${OBJECT_PATH} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

function chunked(bytes: Buffer): Buffer {
  const size = Buffer.from(`${bytes.length.toString(16)}\r\n`)
  return Buffer.concat([size, bytes, Buffer.from('\r\n0\r\n\r\n')])
}

const FOOTERS = {
  Expect: '100-continue',
  'X-Timestamp': at(2),
  'X-Backend-Obj-Metadata-Footer': 'yes',
  'X-Backend-Obj-Multipart-Mime-Boundary': BOUNDARY,
  'X-Backend-Obj-Content-Length': String(BODY.length),
}

await t.test('footers are acknowledged in the 100 answer, conflicts come instead of it', async (t) => {
  const server = await startTestServer()
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    handler: server.handler,
    clock: realClock,
    log: silentLogger,
  })
  t.teardown(() => listener.close({ graceMs: 0 }))
  const socket = connect(listener.address.port, '127.0.0.1')
  t.teardown(() => socket.destroy())

  socket.write(head(FOOTERS))
  const interim = await readUntil(socket, '\r\n\r\n')
  t.match(interim, /^HTTP\/1.1 100 Continue\r\n/)
  t.match(interim, /X-Obj-Metadata-Footer: yes\r\n/i)
  const footer = footerDocument(BOUNDARY, { Etag: hash('md5', BODY) })
  socket.write(chunked(Buffer.concat([objectHead(BOUNDARY), BODY, footer])))
  const answer = await readUntil(socket, '\r\n\r\n')
  t.match(answer, /^HTTP\/1.1 201 Created\r\n/)

  const conflict = connect(listener.address.port, '127.0.0.1')
  t.teardown(() => conflict.destroy())
  await put(server, 9, 'newer')
  conflict.write(head(FOOTERS))
  const refused = await readUntil(conflict, '</html>')
  t.match(refused, /^HTTP\/1.1 409 Conflict\r\n/)
  t.match(refused, /X-Backend-Timestamp: 1700000009.00000\r\n/)
  await server.device.close()
})
