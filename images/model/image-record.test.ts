/** Records are read for ever: one of each version that was ever written, as it was written. */
import t from 'tap'
import { decodeRecord, encodeRecord } from '#store/records/record-form.ts'
import { IMAGE_RECORDS } from './image-record.ts'

const VERSION_1 = `{"martlet":"images","version":1,"value":{"id":"5f3c1d1e-8a43-4a55-9e53-3b1f2ac3b111","name":"a","status":"active","visibility":"shared","isProtected":false,"isHidden":false,"owner":"test","minRam":0,"minDisk":1,"containerFormat":"bare","diskFormat":"raw","tags":["x"],"properties":{"colour":"red","kernel_id":null},"sizeBytes":11,"virtualSizeBytes":11,"checksum":"5eb63bbbe01eeed093cb22bb8f5acdc3","hashAlgorithm":"sha512","hashValue":"00","createdAt":1795291125000,"updatedAt":1795291126000,"members":[{"id":"p","status":"accepted","createdAt":1,"updatedAt":2}],"locations":[{"store":"cluster","key":"5f3c/1"}],"pending":{"kind":"import","key":"5f3c/2","store":"a,b","aliveAt":3}}}`

void t.test('a record of version 1 is read, and written as it was', async (t) => {
  const decoded = decodeRecord(IMAGE_RECORDS, Buffer.from(VERSION_1))
  t.equal(decoded.kind, 'value')
  if (decoded.kind !== 'value') return
  t.match(decoded.value, { name: 'a', properties: { kernel_id: null }, members: [{ status: 'accepted' }] })
  t.equal(encodeRecord(IMAGE_RECORDS, decoded.value).toString().trim(), VERSION_1)
})

void t.test('what is no record is not taken for one', async (t) => {
  for (const bad of [
    '{}',
    VERSION_1.replace('"version":1', '"version":2'),
    VERSION_1.replace('"status"', '"state"'),
  ]) {
    t.not(decodeRecord(IMAGE_RECORDS, Buffer.from(bad)).kind, 'value')
  }
})
