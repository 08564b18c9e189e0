/**
 * How much the load generator itself can do: the small-object workloads against a server, in its own process, that
 * answers every request with a prepared answer. What a measurement comes near to this figure says more about the
 * generator than about the servers.
 *
 *     node bench/ceiling.ts [--seconds N] [--workers N]
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { LOAD_FLAGS, loadOptionsFrom } from './load-options.ts'
import { objectName } from './operations.ts'
import { payloadOf } from './payload.ts'
import { errorLines, resultTable } from './report.ts'
import { runWorkloads } from './runner.ts'

const OBJECTS = 1000
const OBJECT_BYTES = 4096
const NAMES = Array.from({ length: OBJECTS }, (_, index) => `${objectName(index)}\n`).join('')

/** Answers as a Swift would, from the number in the object's name; it does not parse more than it must. */
function answerTo(request: Buffer): Buffer | string {
  const text = request.toString('latin1', 0, request.indexOf('\r\n\r\n'))
  if (text.includes('/auth/v1.0')) {
    const storageUrl = `X-Storage-Url: http://${/host: *([^\r]*)/i.exec(text)?.[1]}/v1/AUTH_test\r\n`
    return `HTTP/1.1 200 OK\r\nX-Auth-Token: t\r\n${storageUrl}Content-Length: 0\r\n\r\n`
  }
  if (text.includes('?')) {
    const names = text.includes('marker=o') ? '' : NAMES
    return `HTTP/1.1 200 OK\r\nContent-Length: ${names.length}\r\n\r\n${names}`
  }
  const payload = payloadOf(Number(/(\d+) HTTP/.exec(text)?.[1] ?? 0), OBJECT_BYTES)
  const etag = `Etag: ${payload.md5}\r\nX-Trans-Id: tx0123456789\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n`
  if (text.startsWith('PUT')) return `HTTP/1.1 201 Created\r\n${etag}Content-Length: 0\r\n\r\n`
  const head = `HTTP/1.1 200 OK\r\n${etag}Content-Type: application/octet-stream\r\nContent-Length: ${OBJECT_BYTES}\r\n\r\n`
  return text.startsWith('HEAD') ? head : Buffer.concat([Buffer.from(head), payload.block])
}

function serve(socket: Socket): void {
  let received = 0
  let expected = 0
  let first: Buffer | undefined
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('data', (piece) => {
    if (first === undefined) {
      first = piece
      const end = piece.indexOf('\r\n\r\n') + 4
      expected = end + Number(/content-length: *(\d+)/i.exec(piece.toString('latin1', 0, end))?.[1] ?? 0)
    }
    received += piece.length
    if (received < expected) return
    socket.write(answerTo(first))
    first = undefined
    received = 0
  })
}

if (process.argv.includes('--serve')) {
  const server = createServer(serve).listen(0, '127.0.0.1', () => process.send?.(server.address()))
  process.on('disconnect', () => process.exit())
} else {
  const { values } = parseArgs({ options: LOAD_FLAGS })
  const child = fork(new URL(import.meta.url), ['--serve'])
  const [address] = (await once(child, 'message')) as [{ port: number }]
  const target = { url: `http://127.0.0.1:${address.port}`, user: 'test:tester', key: 'testing' }
  const options = loadOptionsFrom(
    { seconds: '3', workloads: 'put,get,head,mixed', objects: String(OBJECTS), ...values },
    [child.pid ?? 0],
  )
  const results = await runWorkloads(target, options)
  console.log(resultTable(results))
  console.log(errorLines(results))
  child.disconnect()
}
