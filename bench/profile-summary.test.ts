import t from 'tap'
import { type CpuProfile, summarize } from './profile-summary.ts'

const ROOT = '/project/'

function node(
  id: number,
  functionName: string,
  url: string,
  children: number[],
): CpuProfile['nodes'][number] {
  return { id, callFrame: { functionName, url, lineNumber: 9 }, children }
}

const profile: CpuProfile = {
  nodes: [
    node(1, '(root)', '', [2, 3, 7, 8]),
    node(2, '(idle)', '', []),
    node(3, 'handle', 'file:///project/http/server.ts', [4, 6]),
    node(4, 'read', 'file:///project/object-server/reader.ts', [5]),
    node(5, 'open', 'node:internal/fs/promises', []),
    node(6, 'pack', 'file:///project/node_modules/msgpackr/pack.js', []),
    node(7, '(garbage collector)', '', []),
    node(8, 'processTicksAndRejections', 'node:internal/process/task_queues', []),
  ],
  samples: [2, 3, 4, 5, 5, 6, 7, 8, 3],
  timeDeltas: [0, 1000, 10, 20, 30, 40, 50, 60, 70],
}

t.test('own time is counted by function and idle time apart', async (t) => {
  const summary = summarize([profile], ROOT)
  t.equal(summary.idleMicros, 1000)
  t.equal(summary.busyMicros, 280)
  t.same(Object.fromEntries(summary.byFunction), {
    'open node:internal/fs/promises:10': 70,
    'processTicksAndRejections node:internal/process/task_queues:10': 70,
    '(garbage collector)': 60,
    'pack node_modules/msgpackr/pack.js:10': 50,
    'read object-server/reader.ts:10': 20,
    'handle http/server.ts:10': 10,
  })
})

t.test("time in Node's code is charged to the function of ours that called it", async (t) => {
  const summary = summarize([profile], ROOT)
  t.same(Object.fromEntries(summary.chargedToRoom), {
    'object-server': 90,
    '(Node and V8)': 70,
    '(garbage collector)': 60,
    'npm: msgpackr': 50,
    http: 10,
  })
  t.same(summary.inside.get('read object-server/reader.ts:10'), [
    ['open node:internal/fs/promises:10', 70],
    ['itself', 20],
  ])
  t.same(summary.inclusive[0], ['handle http/server.ts:10', 150])
})

t.test('profiles of several processes add up', async (t) => {
  t.equal(summarize([profile, profile], ROOT).busyMicros, 560)
})
