/** A request that reads a container from one of its replicas. */
import type { ReplicaRead } from '#cluster/replica-read.ts'
import type { HeaderMap } from '#http/message.ts'
import { reservedNameHeaders } from './backend-headers.ts'
import type { ContainerName, OperationContext } from './operation.ts'
import { pathOnWire, type StoreParts } from './store-parts.ts'

export interface ContainerQuestion {
  readonly method: 'GET' | 'HEAD'
  readonly query: string
  readonly headers?: HeaderMap
}

export function containerRead(
  parts: StoreParts,
  context: OperationContext,
  name: ContainerName,
  { method, query, headers }: ContainerQuestion,
): ReplicaRead {
  return {
    server: 'container',
    method,
    path: pathOnWire(name),
    query,
    headers: { 'x-trans-id': context.txId, ...reservedNameHeaders(name), ...headers },
    placement: parts.containerPlacement(name.account, name.container),
    signal: undefined,
  }
}
