/** Does a container have something to tell its account (OpenStack Swift, `container/updater.py`: `process_container`)? */
import { ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { type DatabaseInfo, type Reported, statsOf } from './info.ts'

/** What a container would report now. */
export function currentReport(info: DatabaseInfo): Reported {
  const { rows, bytes } = statsOf(info, info.policyIndex)
  return { putTimestamp: info.putTimestamp, deleteTimestamp: info.deleteTimestamp, objects: rows, bytes }
}

/** An account reports to nobody; a container that only its rows made, and nobody ever put, has no figures to tell. */
export function hasUnreported(info: DatabaseInfo): boolean {
  if (info.name.container === undefined || info.putTimestamp <= ZERO_TIMESTAMP) return false
  const now = currentReport(info)
  const { reported } = info
  return (
    now.putTimestamp > reported.putTimestamp ||
    now.deleteTimestamp > reported.deleteTimestamp ||
    now.objects !== reported.objects ||
    now.bytes !== reported.bytes
  )
}
