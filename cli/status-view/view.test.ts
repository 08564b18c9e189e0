import t from 'tap'
import { ownRequest } from '#http/message.ts'
import type { ClusterStatus } from '../status-summary.ts'
import { StatusBoard } from './board.ts'
import { pagesOf } from './serve.ts'
import { documentOf, viewOf } from './view.ts'

const NOW_MS = 1_700_000_000_000

function status(parts: Partial<ClusterStatus> = {}): ClusterStatus {
  return {
    cluster: 'abc',
    nowMs: NOW_MS,
    problems: [],
    devices: [
      { host: '10.0.0.1', device: 'd<1>', region: 1, zone: 2, figures: undefined, problem: 'not running' },
    ],
    copies: [],
    workers: [
      {
        name: 'replicator',
        states: { passing: 1, resting: 3, paused: 0, stopped: 0 },
        progress: { share: 0.4, etaSeconds: 60 },
        lastEndedMs: undefined,
        longestMs: undefined,
        failed: 0,
        found: {},
        repaired: {},
        waiting: {},
        live: { rows: 12, oldest_seconds: 900 },
      },
    ],
    rings: [],
    proxies: [],
    ...parts,
  }
}

/** A board whose cluster lacks copies of so many objects, one look after the other. */
async function boardOf(
  t: { equal: (found: unknown, wanted: unknown) => unknown },
  lacking: readonly number[],
) {
  let asked = 0
  let nowMs = 0
  const board = new StatusBoard(
    async () => {
      const objects = lacking[asked] ?? 0
      asked += 1
      const figures = {
        policy: 0,
        partitions: 8,
        records: 100,
        thinPartitions: 1,
        objects,
        missingCopies: objects,
        lastCopies: 0,
        uncounted: 0,
        sinceMs: NOW_MS,
        countedMs: NOW_MS,
      }
      return status({ nowMs: NOW_MS + nowMs, copies: [figures] })
    },
    () => nowMs,
  )
  for (const _ of lacking) {
    await board.current()
    nowMs += 2000
  }
  t.equal(asked, lacking.length)
  nowMs -= 1000
  return { board, asked: () => asked }
}

t.test('names are escaped, and what is wrong comes first', async (t) => {
  const view = viewOf({ status: status({ problems: ['<script>'] }), samples: [] })
  t.match(view, '<h1 class="bad">Cluster abc: 1 problems. 0 of 1 devices on 1 hosts answer.')
  t.match(view, '<li>&lt;script&gt;</li>')
  t.match(view, 'd&lt;1&gt; <span class="bad">not running</span>')
  t.notMatch(view, '<script>')
  t.ok(view.indexOf('problems') < view.indexOf('Devices'))
})

t.test('a pass under way has a bar', async (t) => {
  const view = viewOf({ status: status(), samples: [] })
  t.match(view, '<progress max="100" value="40.0"></progress>')
  t.match(view, '40 %, 1 min left')
})

t.test('the curve shows how a figure went while somebody looked', async (t) => {
  const { board, asked } = await boardOf(t, [100, 50, 0])
  const found = await board.current()
  t.equal(asked(), 3, 'two who look at once ask once')
  t.match(documentOf(found), 'points="0.0,0.0 120.0,16.0 240.0,32.0"')
  t.match(documentOf(found), 'objects that lack copies in the last 4.0 s; at most 100')
})

t.test('after an answer that failed the next one asks again', async (t) => {
  let fails = true
  const ask = async () => {
    if (fails) throw new Error('not now')
    return status()
  }
  const board = new StatusBoard(ask, () => 0)
  await t.rejects(board.current(), /not now/)
  fails = false
  t.match(await board.current(), { status: { cluster: 'abc' } })
})

t.test('pages are for browsers of this machine, and nothing can be changed', async (t) => {
  const pages = pagesOf(
    new StatusBoard(
      async () => status(),
      () => 0,
    ),
  )
  const ask = (path: string, host = '127.0.0.1:8090', method = 'GET') =>
    pages(ownRequest({ method, path, headers: { host } }))
  for (const [path, type] of [
    ['/', /^text\/html/],
    ['/view', /^text\/html/],
    ['/style.css', /^text\/css/],
    ['/script.js', /^text\/javascript/],
    ['/status.json', /^application\/json/],
  ] as const) {
    t.match(await ask(path), { status: 200, headers: { 'content-type': type } }, path)
  }
  t.match(await ask('/elsewhere'), { status: 404 })
  t.match(await ask('/', 'localhost'), { status: 200 })
  t.match(await ask('/', 'rebound.example'), { status: 421 })
  t.match(await ask('/', '127.0.0.1:8090', 'POST'), { status: 405 })
})
