/** `npm run bench`: measures `martlet start`; with `--compare` beside a real OpenStack Swift. */
import { parseArgs } from 'node:util'
import { COMPARE_FLAGS, COMPARE_HELP, compare } from './compare.ts'

const { values } = parseArgs({ options: COMPARE_FLAGS })
if (values.help === true) console.log(COMPARE_HELP)
else {
  const only = values.compare === true ? values : { ...values, only: values.only ?? 'martlet' }
  const clean = await compare(only)
  if (!clean) process.exitCode = 1
}
