/** What an installation allows of images. Names and defaults are OpenStack Glance's. */
export interface ImageLimits {
  /** `image_size_cap`, bytes. */
  readonly imageSizeBytes: number
  /** `image_property_quota`; negative for none. */
  readonly properties: number
  /** `image_tag_quota`; negative for none. */
  readonly tags: number
  /** `image_member_quota`; negative for none. */
  readonly members: number
  /** `image_location_quota`; negative for none. */
  readonly locations: number
  /** `user_storage_quota`: bytes of one project, 0 for none. */
  readonly projectBytes: number
  /** `image_stage_total` of unified limits: staged bytes of one project, 0 for none. */
  readonly projectStagedBytes: number
  /** `image_count_total`: images of one project, 0 for none. */
  readonly projectImages: number
  /** `image_count_uploading`: of them, those whose bytes are coming in, 0 for none. */
  readonly projectUploads: number
  /** `limit_param_default`: images of a page. */
  readonly pageDefault: number
  /** `api_limit_max`. */
  readonly pageMost: number
}

const TIB = 1024 ** 4

export const DEFAULT_LIMITS: ImageLimits = {
  imageSizeBytes: TIB,
  properties: 128,
  tags: 128,
  members: 128,
  locations: 10,
  projectBytes: 0,
  projectStagedBytes: 0,
  projectImages: 0,
  projectUploads: 0,
  pageDefault: 25,
  pageMost: 1000,
}

/** Longest JSON body that is read, bytes: well above an image with every property it may have. */
export const JSON_BODY_BYTES = 1024 * 1024

/** Whether so many are too many; a negative limit is none. */
export function isOver(count: number, limit: number): boolean {
  return limit >= 0 && count > limit
}
