/**
 * The load generator: measures any Swift endpoint.
 *
 *     node bench/load.ts --url http://127.0.0.1:8080 --user test:tester --key testing --pids 4711
 */
import { parseArgs } from 'node:util'
import { LOAD_FLAGS, LOAD_HELP, loadOptionsFrom } from './load-options.ts'
import { errorLines, resultTable } from './report.ts'
import { runWorkloads } from './runner.ts'

const HELP = `node bench/load.ts [options]
  --url URL (http://127.0.0.1:8080)   --user USER (test:tester)   --key KEY (testing)
  --pids LIST                 the servers' processes, whose CPU time and memory (children included) is reported
  --json                      results for programs
${LOAD_HELP}`

const { values } = parseArgs({
  options: {
    ...LOAD_FLAGS,
    url: { type: 'string', default: 'http://127.0.0.1:8080' },
    user: { type: 'string', default: 'test:tester' },
    key: { type: 'string', default: 'testing' },
    pids: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  console.log(HELP)
} else {
  const pids = values.pids
    .split(',')
    .filter((pid) => pid !== '')
    .map(Number)
  const results = await runWorkloads(values, loadOptionsFrom(values, pids))
  if (values.json) console.log(JSON.stringify(results, null, 2))
  else console.log([resultTable(results), errorLines(results)].filter((text) => text !== '').join('\n\n'))
  if (results.some((result) => result.errors > 0)) process.exitCode = 1
}
