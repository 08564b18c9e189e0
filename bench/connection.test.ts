import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import t, { type Test } from 'tap'
import { Connection, headerOf, type Outgoing } from './connection.ts'

const GET: Outgoing = { method: 'GET', head: 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' }

interface Scene {
  readonly connection: Connection
  /** What came in, by connection. */
  readonly requests: string[]
}

/** A server that answers each piece it gets with the next of the prepared answers, piece by piece. */
async function scene(t: Test, answers: readonly (readonly string[])[]): Promise<Scene> {
  const requests: string[] = []
  const left = [...answers]
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (piece) => {
      requests.push(piece.toString('latin1'))
      for (const [at, part] of (left.shift() ?? []).entries()) {
        setTimeout(() => void (part === 'CLOSE' ? socket.destroy() : socket.write(part)), 5 * at)
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connection = new Connection('127.0.0.1', (server.address() as AddressInfo).port)
  t.teardown(() => {
    connection.close()
    server.close()
  })
  return { connection, requests }
}

t.test('a body with a length is read whole, however it arrives', async (t) => {
  const { connection } = await scene(t, [
    ['HTTP/1.1 200 OK\r\nEtag: "e"\r\ncontent-length: 10\r\n\r\n0123456789'],
    ['HTTP/1.1 200 OK\r\nContent-L', 'ength: 10\r\n\r', '\n01234', '56789'],
  ])
  for (let at = 0; at < 2; at += 1) {
    let body = ''
    const sink = (piece: Buffer, position: number): void => {
      t.equal(position, body.length)
      body += piece.toString()
    }
    const answer = await connection.exchange({ ...GET, sink })
    t.equal(answer.status, 200)
    t.equal(answer.bodyBytes, 10)
    t.equal(body, '0123456789')
    if (at === 0) t.equal(headerOf(answer.head, 'etag'), '"e"')
  }
})

t.test('a chunked body is taken apart', async (t) => {
  const { connection } = await scene(t, [
    [
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n012',
      '34\r',
      '\na;x=y\r\n5678901234\r\n0\r\nTrailer: 1\r\n',
      '\r\n',
    ],
    ['HTTP/1.1 204 No Content\r\n\r\n'],
  ])
  let body = ''
  await connection.exchange({ ...GET, sink: (piece) => void (body += piece.toString()) })
  t.equal(body, '012345678901234')
  t.equal((await connection.exchange(GET)).status, 204)
})

t.test('an answer to HEAD has no body whatever its length says', async (t) => {
  const { connection } = await scene(t, [['HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n']])
  const answer = await connection.exchange({ ...GET, method: 'HEAD' })
  t.equal(answer.bodyBytes, 0)
})

t.test('an interim answer is passed over', async (t) => {
  const { connection } = await scene(t, [
    ['HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n'],
    ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nab'],
  ])
  t.equal((await connection.exchange(GET)).status, 201)
  t.equal((await connection.exchange(GET)).bodyBytes, 2)
})

t.test('a body is sent with its head, as often as asked', async (t) => {
  const { connection, requests } = await scene(t, [
    ['HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n'],
    ['HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n'],
  ])
  const outgoing = { method: 'PUT', head: 'PUT / HTTP/1.1\r\nContent-Length: 6\r\n\r\n' }
  await connection.exchange({ ...outgoing, body: Buffer.from('abcdef') })
  t.ok(requests[0]?.endsWith('\r\n\r\nabcdef'))
  await connection.exchange({ ...outgoing, body: Buffer.from('abc'), times: 2 })
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.ok(requests.join('').endsWith('\r\n\r\nabcabc'))
})

t.test('a connection that breaks fails its exchange, and the next one opens another', async (t) => {
  const { connection } = await scene(t, [
    ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012', 'CLOSE'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ])
  await t.rejects(connection.exchange(GET), /closed/)
  t.equal((await connection.exchange(GET)).status, 200)
  t.equal((await connection.exchange(GET)).status, 200)
})
