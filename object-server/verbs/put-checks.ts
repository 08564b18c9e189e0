/** What every PUT must be like, whether it makes an object or a candidate (OpenStack Swift, `obj/server.py`: `PUT`). */
import { answer, textAnswer } from '#backend/answers.ts'
import { isRefusal, Refusal } from '#backend/refusal.ts'
import { BLOCK_CRCS_HEADER } from '#base/extensions.ts'
import { MAX_FILE_SIZE_BYTES, MAX_OBJECT_NAME_BYTES, MAX_RESERVED_NAME_BYTES } from '#base/limits.ts'
import { unquoted } from '#http/conditionals.ts'
import type { HeaderMap } from '#http/message.ts'
import type { DiskFailed, ObjectWriter } from '../engine.ts'
import { refuseMetadata, withDeleteAt } from '../metadata-headers.ts'
import type { ObjectServerContext } from '../server-context.ts'
import { packCrcs } from '../stored-bytes.ts'
import { diskFailed, type ObjectTarget } from '../target.ts'
import { receive, type UploadPlan } from '../upload.ts'

/** Names in the cluster's own namespace begin with it. */
const RESERVED = '\0'

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
  const bytesMax = target.address.container.startsWith(RESERVED)
    ? MAX_RESERVED_NAME_BYTES
    : MAX_OBJECT_NAME_BYTES
  if (nameBytes > bytesMax) {
    return refuse(400, `Object name length of ${nameBytes} longer than ${bytesMax}`)
  }
  if (headers['content-type'] === undefined) return refuse(400, 'No content type')
  const withTime = withDeleteAt(headers, target.timestamp)
  return isRefusal(withTime) ? withTime : (refuseMetadata(headers) ?? withTime)
}

/** A body that arrived and is what its sender said. */
export interface Received {
  /** MD5 of the body. */
  readonly etag: string
  /** What the sender said after the body. */
  readonly footers: HeaderMap
}

/** Writes the body to `writer`; a refusal when the sender did not do what it said, or the disk could not. */
export async function receiveAgreed(
  server: ObjectServerContext,
  plan: UploadPlan,
  headers: HeaderMap,
  writer: ObjectWriter,
): Promise<Received | Refusal> {
  const received = await receive(plan, writer)
  if (isRefusal(received)) return received
  if ('kind' in received && received.kind === 'disk_failed') {
    return new Refusal(diskFailed(server, received as DiskFailed))
  }
  const footers = received as HeaderMap
  const etag = agreedEtag(headers, footers, writer)
  return etag === undefined ? new Refusal(answer(422)) : { etag, footers }
}

/**
 * The object's MD5, if the sender agrees with what arrived: by the MD5 we computed, or by the CRC of every block, in
 * which case its MD5 is taken over.
 */
function agreedEtag(headers: HeaderMap, footers: HeaderMap, writer: ObjectWriter): string | undefined {
  const said = unquoted((footers['etag'] ?? headers['etag'] ?? '').trim()).toLowerCase()
  const computed = writer.etag()
  if (computed !== undefined) return said === '' || said === computed ? computed : undefined
  const arrived = packCrcs(writer.blockCrcs()).toString('hex')
  return /^[0-9a-f]{32}$/.test(said) && footers[BLOCK_CRCS_HEADER] === arrived ? said : undefined
}

function refuse(status: number, text: string): Refusal {
  return new Refusal(textAnswer(status, text))
}
