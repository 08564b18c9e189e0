import fc from 'fast-check'
import t from 'tap'
import {
  getCommand,
  MemcachedProtocolError,
  type Reply,
  ReplyReader,
  storeCommand,
} from './memcached-protocol.ts'

const STREAM = Buffer.from(
  'VALUE k 0 5\r\nhe\r\no\r\nEND\r\nEND\r\nSTORED\r\nNOT_STORED\r\nVALUE k 1 0\r\n\r\nEND\r\nSERVER_ERROR out of memory\r\n',
)
const REPLIES: readonly Reply[] = [
  { kind: 'value', bytes: Buffer.from('he\r\no'), flags: 0 },
  { kind: 'none' },
  { kind: 'word', word: 'STORED' },
  { kind: 'word', word: 'NOT_STORED' },
  { kind: 'value', bytes: Buffer.alloc(0), flags: 1 },
  { kind: 'word', word: 'SERVER_ERROR' },
]

t.test('replies are read whatever pieces they come in', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: STREAM.length }), { maxLength: 12 }), (cuts) => {
      const reader = new ReplyReader()
      const bounds = [0, ...cuts.toSorted((left, right) => left - right), STREAM.length]
      const replies = bounds.slice(1).flatMap((end, at) => reader.read(STREAM.subarray(bounds[at], end)))
      return JSON.stringify(replies) === JSON.stringify(REPLIES)
    }),
  )
  t.end()
})

t.test('what is no reply breaks the connection', async (t) => {
  for (const bad of [
    'what?\r\n',
    'VALUE k x 5\r\n',
    'VALUE k 0 2\r\nhello\r\nEND\r\n',
    'VALUE k 0 99999999\r\n',
    'x'.repeat(5000),
  ]) {
    t.throws(() => new ReplyReader().read(Buffer.from(bad)), MemcachedProtocolError)
  }
})

t.test('commands have the form of the protocol', async (t) => {
  t.equal(String(getCommand('k')), 'get k\r\n')
  const command = storeCommand({
    verb: 'add',
    key: 'k',
    flags: 1,
    livesSeconds: 5.2,
    value: Buffer.from('hi'),
  })
  t.equal(String(command), 'add k 1 6 2\r\nhi\r\n')
  t.match(
    String(storeCommand({ verb: 'set', key: 'k', flags: 0, livesSeconds: 0.1, value: Buffer.alloc(0) })),
    /^set k 0 1 0/,
  )
})
