/** `/v3/projects/:project/tags`: listed, looked at, put, taken away. */
import type { Response } from '#http/message.ts'
import { json, noContent, notFound, refusal } from '../answers.ts'
import { TAGS_MAX, whyWrongTags } from '../model/project.ts'
import type { Visit } from '../visit.ts'
import { changeProject, withProject } from './projects.ts'

export async function listTags(visit: Visit): Promise<Response> {
  return await withProject(visit, async ({ value }) => json(200, tagsView(visit, value.tags)))
}

function tagsView({ self }: Visit, tags: readonly string[]): object {
  return { tags, links: { self } }
}

/** Not a list: whoever wants none says so. */
const NO_TAGS = ''

export async function replaceTags(visit: Visit): Promise<Response> {
  const given = visit.body['tags'] ?? NO_TAGS
  const wrong = whyWrongTags(given)
  if (wrong !== undefined) return refusal(400, wrong)
  const tags = (given as readonly string[]).map((tag) => tag.trim())
  return await changeProject(
    visit,
    (project) => ({ ...project, tags }),
    ({ value }) => json(200, tagsView(visit, value.tags)),
  )
}

export async function removeTags(visit: Visit): Promise<Response> {
  return await changeProject(
    visit,
    (project) => ({ ...project, tags: [] }),
    () => noContent(),
  )
}

export async function addTag(visit: Visit): Promise<Response> {
  const tag = visit.named['tag'] ?? ''
  const wrong = whyWrongTags([tag])
  if (wrong !== undefined) return refusal(400, wrong)
  return await changeProject(
    visit,
    (project) => {
      const tags = [...new Set([...project.tags, tag.trim()])]
      return tags.length > TAGS_MAX
        ? refusal(400, `A project has ${TAGS_MAX} tags at most`)
        : { ...project, tags }
    },
    () => ({ ...noContent({ location: visit.self, 'content-length': '0' }), status: 201 }),
  )
}

export async function showTag(visit: Visit): Promise<Response> {
  const tag = visit.named['tag'] ?? ''
  return await withProject(visit, async ({ value }) =>
    value.tags.includes(tag) ? noContent() : notFound('project tag', tag),
  )
}

export async function removeTag(visit: Visit): Promise<Response> {
  const tag = visit.named['tag'] ?? ''
  return await changeProject(
    visit,
    (project) =>
      project.tags.includes(tag)
        ? { ...project, tags: project.tags.filter((one) => one !== tag) }
        : notFound('project tag', tag),
    () => noContent(),
  )
}
