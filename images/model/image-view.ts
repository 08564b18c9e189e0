/** An image as clients see it: custom properties first, then its own, in the order in which OpenStack Glance writes them. */
import type { Json } from '../answers.ts'
import type { ImageMember, ImageRecord } from './image-record.ts'

export interface ViewOptions {
  /** Stores are named where there are several. */
  readonly stores: 'one' | 'several'
  readonly locations: 'shown' | 'hidden'
}

/** `2026-03-01T12:00:00Z`: UTC, whole seconds. */
export function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

export function imageView(image: ImageRecord, options: ViewOptions): Readonly<Record<string, Json>> {
  const path = `/v2/images/${image.id}`
  return {
    ...image.properties,
    name: image.name,
    disk_format: image.diskFormat,
    container_format: image.containerFormat,
    visibility: image.visibility,
    size: image.sizeBytes,
    virtual_size: image.virtualSizeBytes,
    status: image.status,
    checksum: image.checksum,
    protected: image.isProtected,
    min_ram: image.minRam,
    min_disk: image.minDisk,
    owner: image.owner,
    os_hidden: image.isHidden,
    os_hash_algo: image.hashAlgorithm,
    os_hash_value: image.hashValue,
    id: image.id,
    created_at: isoSeconds(image.createdAt),
    updated_at: isoSeconds(image.updatedAt),
    ...locationsIn(image, options),
    tags: [...image.tags],
    self: path,
    file: `${path}/file`,
    schema: '/v2/schemas/image',
    ...storesIn(image, options),
  }
}

function storesIn({ locations }: ImageRecord, { stores }: ViewOptions): Readonly<Record<string, Json>> {
  if (stores === 'one' || locations.length === 0) return {}
  return { stores: locations.map(({ store }) => store).join(',') }
}

function locationsIn({ locations }: ImageRecord, options: ViewOptions): Readonly<Record<string, Json>> {
  if (options.locations === 'hidden') return {}
  const [first] = locations
  const all = locations.map((location) => ({
    url: locationUrl(location),
    metadata: { store: location.store, ...location.metadata },
  }))
  return { locations: all, ...(first === undefined ? {} : { direct_url: locationUrl(first) }) }
}

/** How a place is told to those who may know it. */
export function locationUrl({ url, store, key }: ImageRecord['locations'][number]): string {
  return url ?? `${store}://${key}`
}

export function memberView(imageId: string, member: ImageMember): Readonly<Record<string, Json>> {
  return {
    member_id: member.id,
    image_id: imageId,
    status: member.status,
    created_at: isoSeconds(member.createdAt),
    updated_at: isoSeconds(member.updatedAt),
    schema: '/v2/schemas/member',
  }
}
