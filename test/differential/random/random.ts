/**
 * Random requests to two clusters, and what their answers differ in: finds what the script does not ask.
 *
 *     node test/differential/random/random.ts --theirs URL --ours URL [--seed N] [--episodes N] [--requests N] [--all]
 *
 * An episode makes containers of its own and asks about them; the same seed asks the same. A difference that can be
 * explained is fixed or becomes a request of the script.
 */
import { parseArgs } from 'node:util'
import { type Difference, differencesOf } from '../comparison.ts'
import { Side } from '../side.ts'
import type { Step } from '../step.ts'
import { Dice } from './dice.ts'
import { randomRequest } from './requests.ts'
import { universe } from './universe.ts'

const { values } = parseArgs({
  options: {
    theirs: { type: 'string', default: 'http://127.0.0.1:18080' },
    ours: { type: 'string', default: 'http://127.0.0.1:18090' },
    seed: { type: 'string', default: '1' },
    episodes: { type: 'string', default: '5' },
    requests: { type: 'string', default: '60' },
  },
})

const [theirs, ours] = [await Side.open(values.theirs), await Side.open(values.ours)]
let [asked, differing] = [0, 0]
for (let episode = 0; episode < Number(values.episodes); episode += 1) {
  const seed = Number(values.seed) + episode
  const name = `e${seed}`
  const made = universe(name).map((request, at) => ({ name: `${name} made ${at}`, ...request }))
  for (const step of made) tell(step, await ask(step))
  const dice = new Dice(seed)
  for (let at = 0; at < Number(values.requests); at += 1) {
    const step: Step = { name: `${name} ${at}`, ...randomRequest(dice, name) }
    tell(step, await ask(step))
  }
}
console.log(`\n${differing} of ${asked} requests were answered otherwise`)

async function ask(step: Step): Promise<readonly Difference[]> {
  asked += 1
  const [one, other] = await Promise.all([theirs.send(step), ours.send(step)])
  return differencesOf(step, { ...one, secrets: theirs.secrets() }, { ...other, secrets: ours.secrets() })
}

function tell(step: Step, differences: readonly Difference[]): void {
  if (differences.length === 0) return
  differing += 1
  const { as = 'tester', method, path, headers, body, framing } = step
  console.log(
    `\n${step.name}: ${as} ${method} ${path} ${JSON.stringify(headers)} ${framing ?? ''} ${JSON.stringify(body ?? null)}`,
  )
  for (const { field, theirs: one, ours: other, statuses } of differences) {
    console.log(
      `  ${statuses.join('/')} ${field}\n    theirs ${JSON.stringify(one)}\n    ours   ${JSON.stringify(other)}`,
    )
  }
}
