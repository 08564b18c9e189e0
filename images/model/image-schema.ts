/**
 * The schema of an image. Clients fetch it before nearly every call and take every property that it does not name for a
 * custom one, so that it has to be complete (OpenStack Glance, `api/v2/images.py`: `get_base_properties`, and the extension
 * that every installation ships, `schema-image.json`).
 */
import { CONTAINER_FORMATS, DISK_FORMATS, VISIBILITIES } from './image-record.ts'
import { IMAGE_STATUSES } from './image-status.ts'
import type { JsonSchema } from './json-schema.ts'

/** Characters, of names, tags and property names alike. */
export const NAME_LENGTH = 255

export const UUID_PATTERN =
  '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$'

const readOnly = { readOnly: true } as const

const LOCATION_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    url: { type: 'string', maxLength: 255 },
    metadata: { type: 'object' },
    validation_data: {
      writeOnly: true,
      description: 'What the bytes must be; it becomes, or must agree with, what is known of them.',
      type: 'object',
      additionalProperties: false,
      properties: {
        checksum: { type: 'string', minLength: 32, maxLength: 32 },
        os_hash_algo: { type: 'string', maxLength: 64 },
        os_hash_value: { type: 'string', maxLength: 128 },
      },
      required: ['os_hash_algo', 'os_hash_value'],
    },
  },
  required: ['url', 'metadata'],
}

export const BASE_PROPERTIES: Readonly<Record<string, JsonSchema>> = {
  id: { type: 'string', description: 'What the image is called by.', pattern: UUID_PATTERN },
  name: { type: ['null', 'string'], description: 'A name for people.', maxLength: NAME_LENGTH },
  status: { type: 'string', ...readOnly, description: 'Whether it can be used yet.', enum: IMAGE_STATUSES },
  visibility: { type: 'string', description: 'Who may see it.', enum: VISIBILITIES },
  protected: { type: 'boolean', description: 'It cannot be deleted.' },
  os_hidden: { type: 'boolean', description: 'It is left out of lists that do not ask for it.' },
  checksum: { type: ['null', 'string'], ...readOnly, description: 'MD5 of the bytes, hex.', maxLength: 32 },
  os_hash_algo: {
    type: ['null', 'string'],
    ...readOnly,
    description: 'How os_hash_value was computed.',
    maxLength: 64,
  },
  os_hash_value: {
    type: ['null', 'string'],
    ...readOnly,
    description: 'Hash of the bytes by os_hash_algo, hex.',
    maxLength: 128,
  },
  owner: { type: ['null', 'string'], description: 'The project that owns it.', maxLength: NAME_LENGTH },
  size: { type: ['null', 'integer'], ...readOnly, description: 'Length, bytes.' },
  virtual_size: { type: ['null', 'integer'], ...readOnly, description: 'Size of the disk in it, bytes.' },
  container_format: {
    type: ['null', 'string'],
    description: 'What the disk is packed in.',
    enum: [null, ...CONTAINER_FORMATS],
  },
  disk_format: {
    type: ['null', 'string'],
    description: 'Format of the disk.',
    enum: [null, ...DISK_FORMATS],
  },
  created_at: { type: 'string', ...readOnly, description: 'When it was registered.' },
  updated_at: { type: 'string', ...readOnly, description: 'When it was last changed.' },
  tags: {
    type: 'array',
    description: 'Words to find it by.',
    items: { type: 'string', maxLength: NAME_LENGTH },
  },
  direct_url: { type: 'string', ...readOnly, description: 'Where its store has the bytes.' },
  min_ram: { type: 'integer', description: 'Memory needed to boot it, MiB.' },
  min_disk: { type: 'integer', description: 'Disk needed to boot it, GiB.' },
  self: { type: 'string', ...readOnly, description: 'Path of the image.' },
  file: { type: 'string', ...readOnly, description: 'Path of the bytes.' },
  stores: { type: 'string', ...readOnly, description: 'Stores that have the bytes, separated by commas.' },
  schema: { type: 'string', ...readOnly, description: 'Path of this schema.' },
  locations: { type: 'array', items: LOCATION_SCHEMA, description: 'Where its stores have the bytes.' },
}

const imageReference = (what: string): JsonSchema => ({
  type: ['null', 'string'],
  pattern: UUID_PATTERN,
  description: `Image with the ${what} to boot it with, where the two are apart.`,
  is_base: false,
})

const described = (description: string): JsonSchema => ({ type: 'string', description, is_base: false })

/** Custom properties that every installation describes, and that Nova relies on. */
export const EXTENSION_PROPERTIES: Readonly<Record<string, JsonSchema>> = {
  kernel_id: imageReference('kernel'),
  ramdisk_id: imageReference('ramdisk'),
  instance_uuid: described('The server of which it is a snapshot.'),
  architecture: described('Architecture of the processor, as the compute service names it.'),
  os_distro: described('Short name of the operating system distribution.'),
  os_version: described('Version of the operating system, as its distributor writes it.'),
  description: described('What it is, for people.'),
  cinder_encryption_key_id: described('The key of an encrypted volume of which it was made.'),
  cinder_encryption_key_deletion_policy: {
    type: 'string',
    enum: ['on_image_deletion', 'do_not_delete'],
    description: 'What becomes of that key when the image is deleted.',
    is_base: false,
  },
}

export const IMAGE_PROPERTIES: Readonly<Record<string, JsonSchema>> = {
  ...BASE_PROPERTIES,
  ...EXTENSION_PROPERTIES,
}

/** For checking what clients send: unnamed members are custom properties, which are text. */
export const IMAGE_SCHEMA: JsonSchema = {
  type: 'object',
  properties: IMAGE_PROPERTIES,
  additionalProperties: { type: 'string' },
}

/** Every base property is stored in a place of its own; all others are custom. */
export function isBaseProperty(name: string): boolean {
  return Object.hasOwn(BASE_PROPERTIES, name)
}
