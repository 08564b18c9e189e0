import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { hashName } from '#base/names.ts'
import type { RingDevice } from './device.ts'
import type { Ring } from './ring.ts'
import { parseRing, serialiseRing } from './ring-file.ts'

/** `ring/testdata/README.md` says how the rings and the answers were made. */
const testdata = join(import.meta.dirname, 'testdata')
const SALT = { prefix: 'golden-prefix', suffix: 'golden-suffix' }

interface Place {
  readonly device: string
  readonly ip: string
  readonly port: number
}

interface Answer {
  readonly path?: string
  readonly partition: number
  readonly primaries: readonly Place[]
  readonly handoffs: readonly Place[]
}

const rings = readdirSync(testdata)
  .filter((name) => name.endsWith('.ring.gz'))
  .map((name) => basename(name, '.ring.gz'))

for (const name of rings) {
  t.test(`${name}: partition, primaries and handoffs are those of swift-get-nodes`, (t) => {
    const ring = load(`${name}.ring.gz`)
    for (const answer of answers(name)) {
      const label = answer.path ?? `partition ${answer.partition}`
      if (answer.path !== undefined) t.equal(partitionOfPath(ring, answer.path), answer.partition, label)
      t.same(ring.primaries(answer.partition).map(placeOf), answer.primaries, `primaries of ${label}`)
      t.same([...ring.handoffs(answer.partition)].map(placeOf), answer.handoffs, `handoffs of ${label}`)
    }
    t.end()
  })
}

for (const name of rings.filter((name) => !name.endsWith('-v2'))) {
  t.test(`${name}: written again, the unpacked file is the one that Swift wrote`, (t) => {
    const file = readFileSync(join(testdata, `${name}.ring.gz`))
    const written = serialiseRing(load(`${name}.ring.gz`))
    t.ok(gunzipSync(written).equals(gunzipSync(file)))
    t.ok(written.equals(serialiseRing(load(`${name}.ring.gz`))), 'the same bytes every time')
    t.equal(written.readUInt32LE(4), 0, 'no modification time in the gzip header')
    t.end()
  })
}

t.test('a ring of format version 2 says the same as its twin of version 1', (t) => {
  const first = load('fractional-replicas.ring.gz')
  const second = load('fractional-replicas-v2.ring.gz')
  t.same(second.devices, first.devices)
  t.same(second.assignments, first.assignments)
  t.equal(second.version, first.version)
  t.equal(second.replicaCount, 3.25)
  t.end()
})

function load(file: string): Ring {
  const parsed = parseRing(readFileSync(join(testdata, file)))
  if (parsed.kind !== 'ring') throw new Error(`${file}: ${parsed.reason}`)
  return parsed.ring
}

function answers(name: string): Answer[] {
  return JSON.parse(readFileSync(join(testdata, `${name}.json`), 'utf8')) as Answer[]
}

function partitionOfPath(ring: Ring, path: string): number {
  const [account = '', container, ...object] = path.split('/')
  return ring.partitionOf(
    hashName({ account, container, object: object.length === 0 ? undefined : object.join('/') }, SALT),
  )
}

function placeOf({ device, ip, port }: RingDevice): Place {
  return { device, ip, port }
}
