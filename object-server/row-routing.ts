/** Reads from a request which container servers are to be told about the object (`X-Container-*`). */
import { STATUS_CHANGED_AT_HEADER } from '#base/extensions.ts'
import type { HeaderMap } from '#http/message.ts'
import type { UpdateTarget } from './container-update.ts'
import type { RowRouting } from './object-rows.ts'
import type { ObjectTarget } from './target.ts'

/**
 * `undefined` when the proxy asked for no row, or its lists do not fit together, which only a faulty proxy does.
 * `X-Container-Root-Db-State` is accepted and means nothing here: our containers have no shards.
 */
export function rowRouting(target: ObjectTarget, request: HeaderMap): RowRouting | undefined {
  const partition = request['x-container-partition']
  if (partition === undefined || partition === '') return undefined
  const hosts = listOf(request['x-container-host'])
  if (hosts.length !== listOf(request['x-container-device']).length) return undefined
  const { account, container, object } = target.address
  const path = containerPath(request) ?? { account, container }
  return {
    policyIndex: target.policyIndex,
    txId: request['x-trans-id'],
    statusChangedAt: request[STATUS_CHANGED_AT_HEADER],
    ...path,
    object,
    targets: pairTargets(request['x-container-host'], request['x-container-device']),
    partition,
  }
}

/** Hosts and devices, paired; pairs with a missing half are left out. */
export function pairTargets(hosts: string | undefined, devices: string | undefined): readonly UpdateTarget[] {
  const names = listOf(devices)
  return listOf(hosts)
    .map((host, at) => ({ host, device: names[at] ?? '' }))
    .filter(({ host, device }) => host !== '' && device !== '')
}

function listOf(header: string | undefined): readonly string[] {
  return (header ?? '').split(',').map((item) => item.trim())
}

/** Another container's index than the object's own: a shard. Ignored when it is not `account/container`. */
function containerPath(request: HeaderMap): { account: string; container: string } | undefined {
  const quoted = request['x-backend-quoted-container-path']
  const path = quoted === undefined ? request['x-backend-container-path'] : safeDecode(quoted)
  const match = /^([^/]+)\/([^/]+)$/.exec(path ?? '')
  if (match === null) return undefined
  return { account: match[1] as string, container: match[2] as string }
}

function safeDecode(quoted: string): string | undefined {
  try {
    return decodeURIComponent(quoted)
  } catch {
    return undefined
  }
}
