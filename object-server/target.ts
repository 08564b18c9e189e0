/** What a request is about: the object's name, its policy's engine, and the time. Everything that can be refused at once is. */
import { type ObjectAddress, parseObjectAddress } from '#backend/address.ts'
import { answer, textAnswer } from '#backend/answers.ts'
import { isRefusal, Refusal } from '#backend/refusal.ts'
import { requestTimestamp, timestampNow } from '#backend/timestamp-header.ts'
import { pathOf } from '#base/names.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { Request, Response } from '#http/message.ts'
import type { DiskFailed, ObjectEngine } from './engine.ts'
import type { ObjectServerContext } from './server-context.ts'

export interface ObjectTarget {
  readonly address: ObjectAddress
  /** `/account/container/object`, decoded. */
  readonly name: string
  readonly policyIndex: number
  readonly engine: ObjectEngine
  readonly timestamp: Timestamp
}

/**
 * For verbs that change something: the timestamp must be there, the device fit to be written. A full device still takes
 * what is `small`, a POST or a DELETE: the reserve is there for them.
 */
export async function writeTarget(
  server: ObjectServerContext,
  request: Request,
  room: { readonly bytes: number } | 'small',
): Promise<ObjectTarget | Refusal> {
  const timestamp = requestTimestamp(request, { clock: server.clock })
  const target = targetAt(server, request, timestamp)
  if (isRefusal(target)) return target
  const { drive } = server.device
  const unfit =
    room === 'small' ? await drive.refuse(drive.device, 'delete') : await drive.refuseWrite(room.bytes)
  return unfit ?? target
}

/** For verbs that read: without a timestamp it is now. */
export async function readTarget(
  server: ObjectServerContext,
  request: Request,
): Promise<ObjectTarget | Refusal> {
  const timestamp =
    request.headers['x-timestamp'] === undefined
      ? timestampNow(server.clock)
      : requestTimestamp(request, { clock: server.clock })
  const target = targetAt(server, request, timestamp)
  if (isRefusal(target)) return target
  return (await server.device.drive.refuseRead()) ?? target
}

/** Refusals come in Swift's order: policy, path, timestamp. */
function targetAt(
  server: ObjectServerContext,
  request: Request,
  timestamp: Timestamp | Refusal,
): ObjectTarget | Refusal {
  const policyIndex = policyOf(server, request)
  if (isRefusal(policyIndex)) return policyIndex
  const address = parseObjectAddress(request)
  if (isRefusal(address)) return address
  if (isRefusal(timestamp)) return timestamp
  const engine = address.device === server.device.name ? server.device.engine(policyIndex) : undefined
  if (engine === undefined) return server.device.drive.refusal()
  return { address, name: pathOf(address), policyIndex, engine, timestamp }
}

function policyOf(server: ObjectServerContext, request: Request): number | Refusal {
  const written = request.headers['x-backend-storage-policy-index'] ?? ''
  const index = written.trim() === '' ? 0 : /^\s*\d{1,9}\s*$/.test(written) ? Number(written) : undefined
  if (index !== undefined && server.policies.byIndex(index) !== undefined) return index
  return new Refusal(textAnswer(503, `No policy with index ${written}`))
}

/** The answer for a device that could not do it. */
export function diskFailed(server: ObjectServerContext, failure: DiskFailed): Response {
  server.log.warn({ device: server.device.name, reason: failure.reason }, 'answered 507')
  return server.device.drive.refusal().response
}

/** 404 with the timestamp of what stands in the object's place, so that the proxy knows which answer is newest. */
export function notFound(timestamp: Timestamp | undefined, headers: Record<string, string> = {}): Response {
  return answer(404, { ...headers, ...(timestamp === undefined ? {} : { 'x-backend-timestamp': timestamp }) })
}
