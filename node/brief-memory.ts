/**
 * What is known of containers, for workers that ask for it again and again while nobody tells them of changes: remembered
 * for as long as records are, so that what is taken away is taken away for them, too, within a second.
 */
import type { Clock } from '#base/environment.ts'
import type { ContainerInfo, ContainerOperations } from '#store/contract.ts'
import { containersOver } from '#store/layering.ts'

const STALENESS_MS = 1_000
const REMEMBERED_MAX = 1_000

interface Remembered {
  readonly info: Promise<ContainerInfo | undefined>
  readonly untilMs: number
}

export function brieflyRemembered(clock: Clock): (inner: ContainerOperations) => ContainerOperations {
  return (inner) => {
    const remembered = new Map<string, Remembered>()
    return containersOver(inner, {
      info: (context, name) => {
        const key = `${name.account}/${name.container}`
        const nowMs = clock.monotonicMs()
        const known = remembered.get(key)
        if (known !== undefined && known.untilMs > nowMs) return known.info
        const info = inner
          .read(context, name, { newest: true })
          .then((read) => (read.kind === 'found' ? read.info : undefined))
        if (remembered.size >= REMEMBERED_MAX) remembered.clear()
        remembered.set(key, { info, untilMs: nowMs + STALENESS_MS })
        return info
      },
      post: async (context, name, changes) => {
        const posted = await inner.post(context, name, changes)
        remembered.delete(`${name.account}/${name.container}`)
        return posted
      },
    })
  }
}
