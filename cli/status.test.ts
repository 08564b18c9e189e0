import t from 'tap'
import type { CensusReport, ThinPartition } from '#census/census-report.ts'
import type { DeviceFigures } from '#node/device-figures.ts'
import type { WorkerStatus } from '#node/worker-admin.ts'
import { progressText, reportText } from './pass-display.ts'
import { agoText, amount, durationText, shareText, sizeText } from './readable.ts'
import { statusPage } from './status-page.ts'
import { type Asked, type DeviceStatus, summarise } from './status-summary.ts'

const NOW_MS = 1_700_000_000_000
const SYNCED = { partitions: 8, joining: 0 }
const MINUTE_MS = 60_000

function worker(parts: Partial<WorkerStatus> = {}): WorkerStatus {
  return {
    name: 'updater',
    state: { kind: 'resting', nextPassMs: NOW_MS },
    progress: undefined,
    lastPass: undefined,
    live: {},
    ...parts,
  }
}

function figures(parts: Partial<DeviceFigures> = {}): DeviceFigures {
  return {
    device: 'd1',
    host: '10.0.0.1',
    program: '0.1.0',
    nowMs: NOW_MS,
    startedMs: NOW_MS,
    state: { kind: 'ready' },
    space: { totalBytes: 4e12, freeBytes: 1e12 },
    objects: [{ index: 0, records: 1000, quarantined: 0, voters: SYNCED }],
    containers: { count: 12, quarantined: 0, voters: SYNCED },
    accounts: { count: 3, quarantined: 0, voters: SYNCED },
    foregroundLoad: 0,
    rings: {},
    workers: [worker()],
    ...parts,
  }
}

function device(name: string, parts: Partial<DeviceFigures> | string = {}): DeviceStatus {
  const place = { host: '10.0.0.1', device: name, region: 1, zone: 1 }
  if (typeof parts === 'string') return { ...place, figures: undefined, problem: parts }
  return { ...place, figures: figures({ device: name, ...parts }), problem: undefined }
}

function census(thin: readonly ThinPartition[] = [], partitions = 8): CensusReport {
  const policies = [{ policy: 0, partitions, records: 1000, uncounted: 0, thin }]
  return { atMs: NOW_MS - 5000, policies }
}

function asked(parts: Partial<Asked> = {}): Asked {
  return {
    cluster: 'abc',
    nowMs: NOW_MS,
    devices: [device('d1'), device('d2')],
    census: [census()],
    partitions: new Map([[0, 8]]),
    proxies: [],
    ringUsers: [
      { name: 'this machine', rings: [{ name: 'object', version: 4, digest: 'x', settled: true }] },
    ],
    ...parts,
  }
}

t.test('a cluster that is well has no problems', async (t) => {
  const status = summarise(asked())
  t.same(status.problems, [])
  const page = statusPage(status)
  t.match(page, 'all is well. 2 of 2 devices on 1 hosts answer')
  t.match(
    page,
    'policy 0: every object has all its copies (1,000 records in 8 partitions, counted 5.0 s ago)',
  )
  t.match(page, 'object: version 4 everywhere')
  t.notMatch(page, 'PROBLEMS')
})

t.test('a clock in doubt is told, and what is held back by it', async (t) => {
  const byMs = 7 * 24 * 60 * MINUTE_MS
  const { problems } = summarise(
    asked({
      devices: [
        device('d1', { clock: { kind: 'behind', byMs } }),
        device('d2', { clock: { kind: 'ahead', byMs }, state: { kind: 'clock_ahead' } }),
      ],
    }),
  )
  t.match(problems, [
    /^10\.0\.0\.1 d1: its clock is 7 d behind .*; set it right\. Nothing is given up or deleted for its age meanwhile$/,
    '10.0.0.1 d2 is clock ahead',
    /^10\.0\.0\.1 d2: its clock is 7 d ahead of most other hosts: the device takes no writes/,
  ])
})

t.test('what is wrong is said in sentences, the copies first', async (t) => {
  const thin = {
    partition: 3,
    objects: 12,
    missingCopies: 20,
    lastCopies: 2,
    sinceMs: NOW_MS - 5 * MINUTE_MS,
  }
  const { problems } = summarise(
    asked({
      census: [census([thin], 7)],
      devices: [
        device('d1', { state: { kind: 'read_only' } }),
        device('d2', 'not running'),
        device('d3', {
          containers: { count: 0, quarantined: 1, voters: { partitions: 8, joining: 5 } },
        }),
        device('d4', { nowMs: NOW_MS + MINUTE_MS }),
      ],
      proxies: [{ address: '10.0.0.9:6300', problem: 'not running' }],
    }),
  )
  t.same(problems, [
    'policy 0: 12 objects have fewer good copies than they should, 2 of them a single one or none, since 5 min',
    'policy 0: the copies of 1 partitions could not be counted',
    '10.0.0.1 d1 is read only',
    '10.0.0.1 d2: not running',
    '10.0.0.1 d3 is joining with 5 of 24 of its replicas: they lost or missed something and are being made complete',
    '10.0.0.1 d3 has 1 in quarantine',
    '10.0.0.1 d4: its clock differs by 1 min',
    'proxy 10.0.0.9:6300: not running',
  ])
})

t.test('workers are summed over the devices: counts added, ages the greatest', async (t) => {
  const pass = {
    worker: 'updater',
    startedMs: NOW_MS - MINUTE_MS,
    durationMs: 1000,
    found: {},
    waiting: {},
  } as const
  const workers = (rows: number, oldest: number, ended: 'complete' | 'failed'): Partial<DeviceFigures> => ({
    workers: [
      worker({
        live: { object_rows: rows, oldest_seconds: oldest },
        lastPass: { ...pass, ended, repaired: { object_rows_delivered: rows } },
      }),
    ],
  })
  const devices = [device('d1', workers(5, 7200, 'complete')), device('d2', workers(7, 60, 'failed'))]
  const status = summarise(asked({ devices }))
  t.match(status.workers, [
    {
      name: 'updater',
      live: { object_rows: 12, oldest_seconds: 7200 },
      repaired: { object_rows_delivered: 12 },
      failed: 1,
      states: { resting: 2 },
    },
  ])
  t.same(status.problems, [
    'the last pass of updater failed on 1 devices',
    'the oldest that updater has to do waits for 2 h',
  ])
  t.match(statusPage(status), 'updater: object_rows 12, oldest 2 h')
})

t.test('who has another ring is named, and where data still moves', async (t) => {
  const ring = { name: 'object', version: 4, digest: 'new', settled: true }
  const status = summarise(
    asked({
      ringUsers: [
        { name: 'this machine', rings: [ring] },
        { name: '10.0.0.1 d1', rings: [{ ...ring, settled: false }] },
        { name: '10.0.0.2 d1', rings: [{ ...ring, version: 3, digest: 'old' }] },
      ],
    }),
  )
  t.same(status.problems, [
    'the object ring is not the same everywhere: version 4 on this machine, 10.0.0.1 d1; version 3 on 10.0.0.2 d1',
  ])
  t.match(statusPage(status), 'data still moving on 10.0.0.1 d1')
})

t.test('a pass that runs and one that is over are told in a line', async (t) => {
  const progress = {
    done: 12_000,
    total: 48_000,
    unit: 'objects',
    bytes: 1.25e9,
    startedMs: 0,
    etaSeconds: 190,
  }
  t.equal(
    progressText(progress),
    '[######..................] 12,000 of 48,000 objects, 1.25 GB, 3 min 10 s left',
  )
  t.equal(
    progressText({ ...progress, total: undefined, bytes: 0, etaSeconds: undefined }),
    `[${'.'.repeat(24)}] 12,000 objects`,
  )
  const report = { worker: 'x', startedMs: 0, durationMs: 1500, ended: 'complete' } as const
  t.equal(
    reportText({
      ...report,
      found: { bad: 3, good: 0 },
      repaired: { bytes_sent: 2048 },
      waiting: { oldest_seconds: 61 },
    }),
    'complete in 1.5 s; found bad 3; repaired bytes_sent 2.05 KB; waiting oldest 1 min 1 s',
  )
})

t.test('numbers are read at a glance', async (t) => {
  t.equal(amount(1_234_567), '1,234,567')
  t.same([0, 999, 1000, 999_600, 1.5e12].map(sizeText), ['0 B', '999 B', '1.00 KB', '1.00 MB', '1.50 TB'])
  t.same([0.04, 9.9, 42, 60, 310, 12_000, 187_200].map(durationText), [
    '0.0 s',
    '9.9 s',
    '42 s',
    '1 min',
    '5 min 10 s',
    '3 h 20 min',
    '2 d 4 h',
  ])
  t.equal(agoText(0, 1500), 'just now')
  t.equal(agoText(0, 180_000), '3 min ago')
  t.equal(shareText(3, 8), '37.5 %')
  t.equal(shareText(0, 0), '')
})
