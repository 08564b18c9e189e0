import t from 'tap'
import { loadConfiguration } from './load-configuration.ts'

t.test('a day of lifecycle rules can be made short by the environment', async (t) => {
  process.env['MARTLET_LIFECYCLE_DAY_SECONDS'] = '2.5'
  t.teardown(() => {
    delete process.env['MARTLET_LIFECYCLE_DAY_SECONDS']
  })
  t.match(await loadConfiguration(undefined), { settings: { lifecycle: { dayMs: 2500 } } })
  process.env['MARTLET_LIFECYCLE_DAY_SECONDS'] = 'soon'
  t.match(await loadConfiguration(undefined), { problem: /\[lifecycle\] .*day/ })
})
