/** `/v3/regions`: that of this cluster is given, others are made, changed and removed. */
import type { Response } from '#http/message.ts'
import { conflict, json, noContent, notFound, refusal } from '../answers.ts'
import type { Further, FurtherRegion } from '../further-catalogue.ts'
import { newId } from '../model/ids.ts'
import { isNameText, isObject, type Members, membersIn, textOr } from '../model/written.ts'
import { listView } from '../views.ts'
import type { Visit } from '../visit.ts'
import { changeCatalogue, placed, withCatalogue } from './catalogue-visit.ts'
import { whyNotKept } from './kept-members.ts'

/** Keystone's schema. */
const ID_CHARACTERS_MAX = 255

export async function listRegions(visit: Visit): Promise<Response> {
  const parent = visit.query.get('parent_region_id')
  return await withCatalogue(visit, ({ regions }) => {
    const views = regions
      .filter(({ parentId }) => (parent ?? parentId) === parentId)
      .map((region) => regionView(region, visit.url))
    return json(200, listView('regions', views, visit.self))
  })
}

export async function showRegion(visit: Visit): Promise<Response> {
  const id = visit.named['region'] ?? ''
  return await withCatalogue(visit, ({ regions }) => {
    const region = regions.find((one) => one.id === id)
    return region === undefined
      ? notFound('region', id)
      : json(200, { region: regionView(region, visit.url) })
  })
}

/** The id is in the path, in the body, or made up. */
export async function createRegion(visit: Visit): Promise<Response> {
  const given = membersIn(visit.body['region'])
  if (!isObject(visit.body['region'])) return refusal(400, 'Expecting to find region in the body')
  const { region: inPath } = visit.named
  const id = inPath ?? (textOr(given['id'], '') || newId(visit.parts.random))
  if (inPath !== undefined && (given['id'] ?? inPath) !== inPath) {
    return refusal(400, `Conflicting region IDs specified: "${inPath}" != "${textOr(given['id'], '')}"`)
  }
  if (!isNameText(id, ID_CHARACTERS_MAX)) return refusal(400, `Invalid input for field 'id'`)
  const region = changedRegion({ id, description: '', parentId: undefined }, given)
  return await putRegion(visit, region, 201)
}

export async function updateRegion(visit: Visit): Promise<Response> {
  const id = visit.named['region'] ?? ''
  const { parts, context } = visit
  const further = await parts.furtherCatalogue.read(context)
  const known = further.kind === 'found' ? further.value.regions.find((one) => one.id === id) : undefined
  const own = id === parts.region ? { id, description: '', parentId: undefined } : undefined
  const there = known ?? own
  if (there === undefined) return await withCatalogue(visit, () => notFound('region', id))
  const given = membersIn(visit.body['region'])
  const wrong = whyNotKept(given, { id, domainId: undefined })
  return wrong === undefined ? await putRegion(visit, changedRegion(there, given), 200) : refusal(400, wrong)
}

export async function deleteRegion(visit: Visit): Promise<Response> {
  const id = visit.named['region'] ?? ''
  return await changeCatalogue(
    visit,
    (further, whole) => {
      if (!whole.regions.some((one) => one.id === id)) return { refusal: notFound('region', id) }
      const gone = withThoseUnder(whole.regions, id)
      if (whole.endpoints.some(({ regionId }) => regionId !== undefined && gone.has(regionId))) {
        return { refusal: refusal(403, inUse(id)) }
      }
      return { next: { ...further, regions: further.regions.filter((one) => !gone.has(one.id)) } }
    },
    noContent,
  )
}

async function putRegion(visit: Visit, region: FurtherRegion, status: number): Promise<Response> {
  return await changeCatalogue(
    visit,
    (further, whole) =>
      whyNot(whole, region, status) ?? {
        next: { ...further, regions: placed(further.regions, region) },
      },
    () => json(status, { region: regionView(region, visit.url) }),
  )
}

function whyNot(
  { regions }: Further,
  { id, parentId }: FurtherRegion,
  status: number,
): { readonly refusal: Response } | undefined {
  if (status === 201 && regions.some((one) => one.id === id)) {
    return { refusal: conflict('region', id, `Duplicate ID, ${id}.`) }
  }
  if (parentId === undefined) return undefined
  if (!regions.some((one) => one.id === parentId)) return { refusal: notFound('region', parentId) }
  if (withThoseUnder(regions, id).has(parentId)) return { refusal: refusal(400, circular(parentId)) }
  return undefined
}

/** The region and all under it. */
function withThoseUnder(regions: readonly FurtherRegion[], id: string): ReadonlySet<string> {
  const found = new Set([id])
  for (const one of found) {
    for (const region of regions) if (region.parentId === one) found.add(region.id)
  }
  return found
}

function changedRegion(region: FurtherRegion, given: Members): FurtherRegion {
  const parent = given['parent_region_id']
  return {
    id: region.id,
    description: textOr(given['description'], region.description),
    parentId: parent === undefined ? region.parentId : textOr(parent, undefined),
  }
}

function regionView({ id, description, parentId }: FurtherRegion, url: string): Members {
  const links = { self: `${url}/regions/${encodeURIComponent(id)}` }
  return { id, description, parent_region_id: parentId ?? null, links }
}

/** Keystone's words. */
function inUse(id: string): string {
  return `Unable to delete region ${id} because it or its child regions have associated endpoints.`
}

function circular(parentId: string): string {
  return `The specified parent region ${parentId} would create a circular region hierarchy.`
}
