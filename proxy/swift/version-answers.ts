/** What cannot be done with versions, in the words of OpenStack Swift (`common/middleware/versioned_writes/`). */
import type { Response } from '#http/message.ts'
import type { VersionProblem } from '#store/failure.ts'
import { HTML_TYPE, TEXT_TYPE, textAnswer } from '../answers.ts'

type Refusal = readonly [status: number, text: string, type: string]

const REFUSALS: Readonly<Record<VersionProblem, Refusal>> = {
  container_not_versioned: [
    400,
    'version-aware operations require that the container is versioned',
    HTML_TYPE,
  ],
  invalid_version_id: [400, 'Invalid version parameter', HTML_TYPE],
  invalid_marker: [400, 'invalid version_marker param', HTML_TYPE],
  invalid_delimiter: [400, 'invalid delimiter param', HTML_TYPE],
  has_body: [400, 'PUT version-id requests require a zero byte body', TEXT_TYPE],
  no_such_version: [404, 'The specified version does not exist', TEXT_TYPE],
  no_versions_container: [
    500,
    'The versions container does not exist. You may want to re-enable object versioning.',
    TEXT_TYPE,
  ],
  versions_left: [409, 'Delete all versions before deleting container.', HTML_TYPE],
  kept_by_location: [
    400,
    'Cannot enable object versioning on a container that is already using the legacy versioned writes feature.',
    HTML_TYPE,
  ],
  container_is_synced: [
    400,
    'Cannot enable object versioning on a container configured as source of container syncing.',
    HTML_TYPE,
  ],
  two_locations: [400, 'Only one of x-versions-location or x-history-location may be specified', TEXT_TYPE],
  location_has_slash: [412, 'Container name cannot contain slashes', HTML_TYPE],
}

export function versionRefusal(problem: VersionProblem): Response {
  return textAnswer(...REFUSALS[problem])
}

/** The refusal of a POST to one version, or `undefined`. */
export function checkVersionInPost(versionId: string | undefined): Response | undefined {
  if (versionId === undefined) return undefined
  return textAnswer(400, 'POST to a specific version is not allowed', HTML_TYPE)
}

/** What a write tells of versions. */
export function versionHeaders({
  versionId,
  currentVersionId,
}: {
  readonly versionId?: string | undefined
  readonly currentVersionId?: string | undefined
}): Readonly<Record<string, string>> {
  return {
    ...(versionId === undefined ? {} : { 'x-object-version-id': versionId }),
    ...(currentVersionId === undefined ? {} : { 'x-object-current-version-id': currentVersionId }),
  }
}
