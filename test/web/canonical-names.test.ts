import t from 'tap'
import { dnsNames } from '#http/canonical-names.ts'
import { startNameServer } from './name-server.ts'

t.test('aliases are read from the domain name system', async (t) => {
  const server = await startNameServer(t, { 'www.example.test': 'site.store.example' })
  const names = dnsNames({ servers: [server], timeoutMs: 20_000 })
  t.same(await names.lookUp('www.example.test'), { kind: 'alias', of: 'site.store.example' })
  t.same(await names.lookUp('nobody.example.test'), { kind: 'none' })
})

t.test('a server that does not answer is no answer', async (t) => {
  // Nothing listens on the discard port of this address.
  const names = dnsNames({ servers: ['127.0.0.1:9'], timeoutMs: 200 })
  t.same(await names.lookUp('www.example.test'), { kind: 'unknown' })
})

t.test('a server that is no address is refused at the start', async (t) => {
  t.throws(() => dnsNames({ servers: ['names.example.test:53'], timeoutMs: 1 }))
})
