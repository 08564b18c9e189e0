/** `npm run torture -- --minutes M`: the torture of real processes for longer than CI has time. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' } } })
const { status } = spawnSync(
  process.execPath,
  [fileURLToPath(new URL('./torture.test.ts', import.meta.url))],
  {
    stdio: 'inherit',
    env: { ...process.env, MARTLET_TORTURE_MINUTES: values.minutes },
  },
)
process.exitCode = status ?? 1
