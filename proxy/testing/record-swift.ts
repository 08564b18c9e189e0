/**
 * Records the answers of a real OpenStack Swift to the scenario:
 *
 *     node proxy/testing/record-swift.ts HOST PORT > proxy/testing/swift-2.30-answers.json
 *
 * The cluster must be empty, with the users of `CALLERS`, two policies `gold` (default) and `silver`,
 * `account_autocreate` and `allow_account_management`.
 */
import { playScenario } from './play-scenario.ts'

const PAUSE_MS = 15

const [host = '127.0.0.1', port = '8080'] = process.argv.slice(2)
const answers = await playScenario({ host, port: Number(port), pauseMs: PAUSE_MS })
process.stdout.write(`${JSON.stringify(answers, null, 1)}\n`)
