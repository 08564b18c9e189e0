/**
 * Rows that come long after the object was written: their sender could not reach anybody, or was away itself. They are no
 * part of what replicas of the container were said to hold together; and one that was away for so long that it must find
 * out what was deleted would take them for deleted.
 */
import { millisecondsOf } from '#base/timestamp.ts'
import type { DatabaseName } from '#db/info.ts'
import { type ObjectRow, objectRows } from '#db/object-row.ts'
import type { ContainerService } from './service.ts'

/**
 * To be awaited before rows are merged. `not_now`: they are to be sent again, when this replica knows what was deleted
 * while it was away.
 */
export async function receiveRows(
  { ledger, hashOf, index }: Pick<ContainerService, 'ledger' | 'hashOf' | 'index'>,
  name: DatabaseName,
  rows: readonly ObjectRow[],
): Promise<'welcome' | 'not_now'> {
  const hash = hashOf(name)
  if (rows.some((row) => ledger.comesTooLate(hash, millisecondsOf(row.dataTimestamp)))) return 'not_now'
  await ledger.noticeStray(hash)
  const late = rows.filter((row) => !ledger.isInTime(hash, millisecondsOf(objectRows.changedAt(row))))
  for (const [policyIndex, some] of Map.groupBy(late, (row) => row.policyIndex)) {
    const known = await index.named(
      name,
      policyIndex,
      some.map((row) => row.name),
    )
    const fresh = some.filter(({ dataTimestamp }, at) => !((known[at]?.dataTimestamp ?? '') >= dataTimestamp))
    // The oldest of them says it for all.
    if (fresh.length > 0)
      await ledger.arriving(hash, Math.min(...fresh.map((row) => millisecondsOf(row.dataTimestamp))))
  }
  return 'welcome'
}
