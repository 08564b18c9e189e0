/** The rings of a process as a store asks for them. */
import type { RingDirectory } from '#ring/ring-directory.ts'
import type { ClusterRings } from '#store/store-parts.ts'

/** The rings as they are at the moment: a later one is used as soon as it is there. */
export function ringsNow(rings: RingDirectory): ClusterRings {
  return {
    account: () => rings.account.ring,
    container: () => rings.container.ring,
    object: (index) => rings.object(index)?.ring,
  }
}
