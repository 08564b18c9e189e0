/** Deactivate and reactivate: the bytes are kept from everybody but administrators, and given again. */
import { emptyAnswer } from '../answers.ts'
import { emit } from '../events.ts'
import { mayBecome, withStatus } from '../model/image-status.ts'
import { forbidden, Refusal } from '../refusal.ts'
import type { ImageVerb } from '../visit.ts'
import { changeableImage } from './found-image.ts'
import { type ImageRoute, route } from './route.ts'

function becoming(to: 'active' | 'deactivated', action: 'deactivate' | 'reactivate'): ImageVerb {
  return async (visit) => {
    const seen = await changeableImage(visit, action)
    if (seen instanceof Refusal) return seen
    const { registry, context } = visit
    const updatedAt = registry.environment.clock.wallMs()
    const changed = await registry.records.change(
      context,
      seen.id,
      (image) => {
        if (image.status === to) return image
        const from = to === 'active' ? 'deactivated' : 'active'
        if (image.status !== from || !mayBecome(from, to)) {
          return forbidden(`Not allowed to ${action} image in status '${image.status}'`)
        }
        const other = withStatus(image, to)
        return other instanceof Refusal ? other : { ...other, updatedAt }
      },
      'server',
    )
    if (changed instanceof Refusal) return changed
    emit(registry, `image.${action}`, changed)
    return emptyAnswer(204)
  }
}

export const actions: readonly ImageRoute[] = [
  route('POST', '/images/:id/actions/deactivate', becoming('deactivated', 'deactivate')),
  route('POST', '/images/:id/actions/reactivate', becoming('active', 'reactivate')),
]
