/** `martlet status --serve` in a real browser: the page shows the cluster, and what changes without being loaded again. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { havePrograms, runWell } from '#test/programs.ts'
import { MARTLET, RunningMartlet, startCluster } from '#test/running-cluster.ts'
import { CHROMIUM, type Page, startBrowser } from './browser.ts'

t.setTimeout(600_000)

const SEEN_WITHIN_MS = 60_000

const health = 'document.querySelector("h1").className'
const ready = '[...document.querySelectorAll("article h3 span")].map((span) => span.textContent).join()'
const problems = '(document.getElementById("problems") ?? {}).textContent ?? ""'

/** Waits until the expression has a value that matches. */
async function shows(page: Page, expression: string, pattern: RegExp): Promise<string> {
  let value = ''
  for (let waitedMs = 0; waitedMs < SEEN_WITHIN_MS; waitedMs += 250) {
    value = String(await page.evaluate(expression))
    if (pattern.test(value)) return value
    await sleep(250)
  }
  throw new Error(`the page shows ${value} and not ${pattern}`)
}

t.test('the state of a cluster in a browser', async (t) => {
  if (!havePrograms(t, CHROMIUM)) return
  const { dataPath } = await startCluster(t)
  const server = new RunningMartlet(['status', '--serve', '0', '--data', dataPath])
  t.teardown(() => server.stop())
  const [, address = ''] = await server.printed(/(http:\/\/127\.0\.0\.1:\d+\/)/)
  const page = await startBrowser(t).page()
  await page.open(address)

  await shows(page, ready, /^ready,ready,ready,ready$/)
  await shows(page, health, /^good$/)
  t.ok(
    page.fetched.every(({ status }) => status === 200),
    'style and script are there',
  )
  t.notMatch(await page.evaluate('getComputedStyle(document.querySelector("article")).borderRadius'), /^0/)
  await page.evaluate('window.isTheSame = true')

  const words = [MARTLET, 'pause', 'expirer', '--for', '1h', '--data', dataPath]
  await runWell(process.execPath, words)
  await shows(page, problems, /expirer is paused on 4 devices/)
  t.equal(await page.evaluate(health), 'bad')
  t.equal(await page.evaluate('window.isTheSame'), true, 'without being loaded again')
  t.ok(await page.evaluate('document.querySelector("svg polyline") !== null'), 'with how it went')

  t.same((await server.stop()).code, 0)
  await shows(page, 'document.querySelector("main").className', /^stale$/)
})
