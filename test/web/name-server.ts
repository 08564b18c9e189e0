/** A domain name server for tests: answers questions for CNAME records from a table (RFC 1035). */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

const HEADER_BYTES = 12
const TYPE_CNAME = 5
const CLASS_IN = 1
const NO_SUCH_NAME = 3

/** Starts it; resolves with its `address:port`. It ends with the test, or whatever else is torn down. */
export async function startNameServer(
  t: Pick<Test, 'teardown'>,
  aliases: Readonly<Record<string, string>>,
): Promise<string> {
  const socket = createSocket('udp4')
  socket.on('message', (question, from) => socket.send(answerTo(question, aliases), from.port, from.address))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.teardown(() => new Promise<void>((resolve) => socket.close(() => resolve())))
  return `127.0.0.1:${(socket.address() as AddressInfo).port}`
}

function answerTo(question: Buffer, aliases: Readonly<Record<string, string>>): Buffer {
  const { name, end } = nameAt(question, HEADER_BYTES)
  const alias = aliases[name.toLowerCase()]
  const asked = question.subarray(HEADER_BYTES, end + 4)
  const header = Buffer.alloc(HEADER_BYTES)
  question.copy(header, 0, 0, 2)
  header.writeUInt16BE(0x8180 | (alias === undefined ? NO_SUCH_NAME : 0), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(alias === undefined ? 0 : 1, 6)
  return Buffer.concat([header, asked, ...(alias === undefined ? [] : [record(alias)])])
}

function record(alias: string): Buffer {
  const data = Buffer.concat([
    ...alias.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ])
  const head = Buffer.alloc(12)
  // A pointer to the name in the question.
  head.writeUInt16BE(0xc000 | HEADER_BYTES, 0)
  head.writeUInt16BE(TYPE_CNAME, 2)
  head.writeUInt16BE(CLASS_IN, 4)
  head.writeUInt32BE(60, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function nameAt(message: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = []
  let at = start
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.'), end: at + 1 }
}
