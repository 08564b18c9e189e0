import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'
import { brieflyRemembered } from './brief-memory.ts'

t.test(
  'what is known of a container is a second old at most, and less after a change of one’s own',
  async (t) => {
    const clock = new VirtualClock()
    const context = { txId: 't', signal: undefined, log: silentLogger }
    const name = { account: 'AUTH_test', container: 'c' }
    const { containers } = new MemoryStore({ clock })
    const put = { changes: {}, policyIndex: undefined }
    await containers.put(context, name, put)
    const worker = brieflyRemembered(clock)(containers)
    const colour = async () => (await worker.info(context, name))?.metadata['x-container-meta-colour']
    t.equal(await colour(), undefined)
    await containers.post(context, name, { 'x-container-meta-colour': 'red' })
    t.equal(await colour(), undefined, 'nobody told the worker')
    await clock.advance(1_000)
    t.equal(await colour(), 'red')
    await worker.post(context, name, { 'x-container-meta-colour': 'blue' })
    t.equal(await colour(), 'blue')
    t.equal(await worker.info(context, { ...name, container: 'none' }), undefined)
  },
)
