/**
 * How long a lost device takes to be whole again, and what a pass costs when nothing is missing: on `martlet start` with
 * four devices and three replicas, and with `--compare` on a real OpenStack Swift of the same shape on the same machine.
 *
 *     node bench/replicate.ts [--objects 100000] [--bytes 4096] [--fill direct] [--compare] [--only martlet|swift] [--json]
 */
import path from 'node:path'
import { parseArgs } from 'node:util'
import { replicateMartlet } from './replicate-martlet.ts'
import { type ReplicationFigures, replicationTable } from './replicate-report.ts'
import { replicateSwift } from './replicate-swift.ts'

const HELP = `node bench/replicate.ts [options]
  --objects N (100000)   --bytes N (4096)   --connections N (32)
  --fill requests|direct  put one by one, or written by each side's own engine without a sync (direct)
  --compare              beside a real OpenStack Swift      --only martlet|swift
  --devices xfs|plain    what OpenStack Swift's devices are: XFS on loop images (needs root), or directories
  --data DIR             data directory of martlet start, empty or missing
  --json                 results for programs`

const { values } = parseArgs({
  options: {
    objects: { type: 'string', default: '100000' },
    bytes: { type: 'string', default: '4096' },
    connections: { type: 'string', default: '32' },
    fill: { type: 'string', default: 'direct' },
    compare: { type: 'boolean', default: false },
    only: { type: 'string' },
    devices: { type: 'string' },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) console.log(HELP)
else {
  const plan = {
    objects: Number(values.objects),
    objectBytes: Number(values.bytes),
    connections: Number(values.connections),
    filling: values.fill === 'requests' ? 'requests' : 'direct',
  } as const
  const results: ReplicationFigures[] = []
  if (values.only !== 'martlet' && (values.compare || values.only === 'swift')) {
    results.push(await replicateSwift(plan, values.devices === 'plain' ? 'plain' : 'xfs'))
    console.error(replicationTable(results))
  }
  if (values.only !== 'swift') {
    const data = values.data === undefined ? undefined : path.resolve(values.data)
    results.push(await replicateMartlet(plan, data))
  }
  console.log(values.json ? JSON.stringify(results, null, 2) : replicationTable(results))
  if (results.some(({ missing }) => missing > 0)) process.exitCode = 1
}
