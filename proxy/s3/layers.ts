/** Where the S3 API stands in the pipeline. The door and its operations are loaded when the first request for them comes. */
import { late } from '#base/late.ts'
import type { ProxyHandler, ProxyLayer } from '../transaction.ts'
import type { S3Deps } from './operation.ts'
import { isPerhapsS3, isSurelyS3 } from './takes.ts'

/** Takes what is surely S3's; stands before the layers that read requests as Swift's. */
export function s3Layer(deps: S3Deps): ProxyLayer {
  const door = lateDoor(deps)
  return (inner) => (transaction) =>
    isSurelyS3(transaction.request, deps.options) ? door(transaction) : inner(transaction)
}

/** Takes what is left for S3 of the requests that nobody signed; stands after the hosts that are Swift's. */
export function anonymousS3Layer(deps: S3Deps, authPrefix: string): ProxyLayer {
  const door = lateDoor(deps)
  return (inner) => (transaction) =>
    isPerhapsS3(transaction.request, authPrefix) ? door(transaction) : inner(transaction)
}

function lateDoor(deps: S3Deps): ProxyHandler {
  return late(async () => (await import('./door.ts')).s3Door(deps))
}
