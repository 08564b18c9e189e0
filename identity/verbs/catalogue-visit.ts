/** What the handlers of services, endpoints and regions share: the whole catalogue for reading, what was added for changing. */
import type { Response } from '#http/message.ts'
import { refusal, unavailable } from '../answers.ts'
import { wholeCatalogue } from '../catalogue.ts'
import { FURTHER_MAX, type Further } from '../further-catalogue.ts'
import type { Visit } from '../visit.ts'

export async function withCatalogue(
  { parts, context, hostUrl }: Visit,
  then: (whole: Further) => Response,
): Promise<Response> {
  const further = await parts.furtherCatalogue.read(context)
  if (further.kind !== 'found') return unavailable(further)
  return then(wholeCatalogue({ ...parts, hostUrl }, further.value))
}

/** What a change comes to: the lists as they are to be, or the answer that refuses it. */
export type CatalogueChange = { readonly next: Further } | { readonly refusal: Response }

/** `change` is given what was added, and the whole with what the cluster serves itself. */
export async function changeCatalogue(
  { parts, context, hostUrl }: Visit,
  change: (further: Further, whole: Further) => CatalogueChange,
  then: () => Response,
): Promise<Response> {
  const outcome = await parts.furtherCatalogue.change(context, (further) => {
    const wanted = change(further, wholeCatalogue({ ...parts, hostUrl }, further))
    return 'next' in wanted && isTooLong(wanted.next) ? { refusal: full() } : wanted
  })
  if (outcome.kind === 'changed') return then()
  return outcome.kind === 'refused' ? outcome.refusal : unavailable(outcome)
}

function isTooLong({ services, endpoints, regions }: Further): boolean {
  return [services, endpoints, regions].some((list) => list.length > FURTHER_MAX)
}

function full(): Response {
  return refusal(
    403,
    `The catalogue has at most ${FURTHER_MAX} services, endpoints and regions that were added.`,
  )
}

/** The list with an item in the place of the one with its id, or at its end. */
export function placed<Item extends { readonly id: string }>(
  items: readonly Item[],
  item: Item,
): readonly Item[] {
  const isThere = items.some(({ id }) => id === item.id)
  return isThere ? items.map((one) => (one.id === item.id ? item : one)) : [...items, item]
}
