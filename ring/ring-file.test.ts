import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { PythonFloat, pythonJson } from './python-json.ts'
import { Ring } from './ring.ts'
import { parseRing, serialiseRing } from './ring-file.ts'
import { buildSimpleRing } from './simple-ring.ts'

t.test('what is written is read back the same, for any shape of ring', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 8 }),
      fc.integer({ min: 4, max: 12 }),
      fc.integer({ min: 4, max: 16 }),
      (partPower, devices, quarters) => {
        const ring = buildSimpleRing({ devices, partPower, replicas: quarters / 4 })
        const parsed = parseRing(serialiseRing(ring))
        if (parsed.kind !== 'ring') throw new Error(parsed.reason)
        return (
          parsed.ring.replicaCount === ring.replicaCount &&
          JSON.stringify(parsed.ring.devices) === JSON.stringify(ring.devices) &&
          JSON.stringify(parsed.ring.assignments) === JSON.stringify(ring.assignments)
        )
      },
    ),
    { numRuns: 50 },
  )
  t.end()
})

t.test('every kind of broken file is refused with its reason', (t) => {
  const whole = gunzipSync(serialiseRing(buildSimpleRing({ devices: 3, partPower: 4, replicas: 3 })))
  const refused = (unpacked: Buffer): string => {
    const parsed = parseRing(gzipSync(unpacked))
    return parsed.kind === 'broken' ? parsed.reason : 'accepted'
  }
  const changed = (from: string, to: string): Buffer =>
    Buffer.from(whole.toString('latin1').replace(from, to), 'latin1')
  t.match(parseRing(Buffer.from('not gzip')), { kind: 'broken', reason: /not a whole gzip file/ })
  t.match(parseRing(gzipSync(whole).subarray(0, 40)), { reason: /not a whole gzip file/ })
  t.match(refused(Buffer.from('R1')), /R1NG/)
  t.match(refused(changed('R1NG', 'R2NG')), /R1NG/)
  t.match(refused(changed('R1NG\0\x01', 'R1NG\0\x07')), /version 7; 1 and 2 are known/)
  t.match(refused(changed('R1NG\0\x01', 'R1NG\0\x02')), /its index cannot be read/)
  t.match(refused(whole.subarray(0, 60)), /middle of its metadata/)
  t.match(refused(whole.subarray(0, whole.length - 1)), /middle of a device id/)
  t.match(refused(changed('{"byteorder"', '["byteorder"')), /not a JSON object/)
  t.match(refused(changed('"part_shift": 28', '"part_shift": 99')), /part_shift/)
  t.match(
    refused(changed('"part_shift": 28', '"part_shift": 27')),
    /replica 0 is shorter|replica/,
    'a table too short',
  )
  t.match(refused(changed('"id": 2', '"id": 4')), /says its id is 4/)
  const stray = Buffer.from(whole)
  stray.writeUInt16LE(9, stray.length - 2)
  t.match(refused(stray), /partition 15 is on device 9, which the ring does not have/)
  t.end()
})

t.test('no bytes whatever make the reader throw', (t) => {
  const whole = gunzipSync(serialiseRing(buildSimpleRing({ devices: 3, partPower: 2, replicas: 3 })))
  fc.assert(
    fc.property(
      fc.nat(whole.length - 1),
      fc.uint8Array({ maxLength: 12 }),
      fc.constantFrom(1, 2),
      (at, bytes, version) => {
        const damaged = Buffer.from(whole)
        damaged.writeUInt16BE(version, 4)
        damaged.set(bytes.subarray(0, damaged.length - at), at)
        parseRing(gzipSync(damaged))
      },
    ),
    { numRuns: 300 },
  )
  t.end()
})

t.test('a ring whose ids need four bytes cannot be written as version 1', (t) => {
  const ring = buildSimpleRing({ devices: 3, partPower: 2, replicas: 1 })
  const wide = Uint32Array.of(0, 1, 2, 70_000)
  t.throws(
    () => serialiseRing(new Ring({ partPower: 2, version: 1, devices: ring.devices, assignments: [wide] })),
    RangeError,
  )
  t.end()
})

t.test('JSON is written as Python writes it', (t) => {
  const value = { b: [1, new PythonFloat(2), new PythonFloat(0.5)], a: 'é"\n🦜\u007f', c: null }
  t.equal(pythonJson(value), '{"a": "\\u00e9\\"\\n\\ud83e\\udd9c\u007f", "b": [1, 2.0, 0.5], "c": null}')
  t.end()
})
