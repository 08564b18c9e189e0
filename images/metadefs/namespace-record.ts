/**
 * Metadata definitions: a catalogue of names that properties of images (and of other things) may have, for user interfaces. It
 * has no effect on images. One record per namespace, with everything in it: what belongs together changes together.
 */
import type { RecordKind } from '#store/records/contract.ts'
import type { Json } from '../answers.ts'

type JsonObject = Readonly<Record<string, Json>>

interface Times {
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly updatedAt: number
}

/** A property, an object or a tag: as its maker described it, without its name. */
export interface MetadefItem extends Times {
  readonly body: JsonObject
}

export interface Association extends Times {
  /** Put before names of properties on things of this type. */
  readonly prefix: string | null
  readonly propertiesTarget: string | null
}

/** Parts of a namespace that have names, each by its name. */
export interface NamespaceParts {
  readonly properties: Readonly<Record<string, MetadefItem>>
  readonly objects: Readonly<Record<string, MetadefItem>>
  readonly tags: Readonly<Record<string, MetadefItem>>
}

export type PartKind = keyof NamespaceParts

export interface NamespaceRecord extends Times, NamespaceParts {
  readonly namespace: string
  readonly displayName: string | null
  readonly description: string | null
  readonly visibility: 'public' | 'private'
  readonly isProtected: boolean
  readonly owner: string
  /** By the type's name. */
  readonly associations: Readonly<Record<string, Association>>
}

export const NAMESPACES: RecordKind<NamespaceRecord> = {
  name: 'image-metadefs',
  version: 1,
  parse: (written, version) => {
    const { namespace, properties } = (written ?? {}) as Partial<NamespaceRecord>
    const isOne = version === 1 && typeof namespace === 'string' && typeof properties === 'object'
    return isOne ? (written as NamespaceRecord) : undefined
  },
}
