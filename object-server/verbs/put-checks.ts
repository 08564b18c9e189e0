/** What every PUT must be like, whether it makes an object or a candidate (OpenStack Swift, `obj/server.py`: `PUT`). */
import { textAnswer } from '#backend/answers.ts'
import { BLOCK_CRCS_HEADER } from '#backend/extensions.ts'
import { isRefusal, Refusal } from '#backend/refusal.ts'
import { MAX_FILE_SIZE_BYTES, MAX_OBJECT_NAME_BYTES } from '#base/limits.ts'
import { unquoted } from '#http/conditionals.ts'
import type { HeaderMap } from '#http/message.ts'
import type { ObjectWriter } from '../engine.ts'
import { refuseMetadata, withDeleteAt } from '../metadata-headers.ts'
import { packCrcs } from '../stored-bytes.ts'
import type { ObjectTarget } from '../target.ts'
import type { UploadPlan } from '../upload.ts'

/** Swift's `check_object_creation`, in its order. Returns the headers with `X-Delete-At` worked out. */
export function acceptableHeaders(target: ObjectTarget, plan: UploadPlan): HeaderMap | Refusal {
  const { headers, body } = plan.request
  if (body.lengthBytes !== undefined && body.lengthBytes > MAX_FILE_SIZE_BYTES) {
    return refuse(413, 'Your request is too large.')
  }
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) {
    return refuse(411, 'Missing Content-Length header.')
  }
  const nameBytes = Buffer.byteLength(target.address.object)
  if (nameBytes > MAX_OBJECT_NAME_BYTES) {
    return refuse(400, `Object name length of ${nameBytes} longer than ${MAX_OBJECT_NAME_BYTES}`)
  }
  if (headers['content-type'] === undefined) return refuse(400, 'No content type')
  const withTime = withDeleteAt(headers, target.timestamp)
  return isRefusal(withTime) ? withTime : (refuseMetadata(headers) ?? withTime)
}

/**
 * The object's MD5, if the sender agrees with what arrived: by the MD5 we computed, or by the CRC of every block, in
 * which case its MD5 is taken over.
 */
export function agreedEtag(headers: HeaderMap, footers: HeaderMap, writer: ObjectWriter): string | undefined {
  const said = unquoted((footers['etag'] ?? headers['etag'] ?? '').trim()).toLowerCase()
  const computed = writer.etag()
  if (computed !== undefined) return said === '' || said === computed ? computed : undefined
  const arrived = packCrcs(writer.blockCrcs()).toString('hex')
  return /^[0-9a-f]{32}$/.test(said) && footers[BLOCK_CRCS_HEADER] === arrived ? said : undefined
}

function refuse(status: number, text: string): Refusal {
  return new Refusal(textAnswer(status, text))
}
