/**
 * Where everything of a device lies (`docs/on-disk.md`). Pure.
 *
 *     <device>/objects[-<policy>]/<hash[0:2]>/<hash>_<timestamp>.data | .meta | .ts
 *     <device>/index[-<policy>]/   <device>/state/   <device>/tmp/
 *     <device>/pending[-<policy>]/<hash>_<candidate>.data
 *     <device>/quarantined/objects[-<policy>]/
 */

import { policyString } from '#backend/policies.ts'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import type { MetaRecord } from './meta-record.ts'
import type { DataVersion } from './object-state.ts'

export type FileKind = 'data' | 'meta' | 'ts'

export interface ObjectFile {
  readonly hash: string
  readonly timestamp: Timestamp
  readonly kind: FileKind
}

export interface PolicyPaths {
  readonly objects: string
  readonly index: string
  readonly temporary: string
  /** Bodies of conditional writes that are not visible. */
  readonly pending: string
  readonly quarantined: string
}

export function policyPaths(devicePath: string, policyIndex: number): PolicyPaths {
  const objects = policyString('objects', policyIndex)
  return {
    objects: `${devicePath}/${objects}`,
    index: `${devicePath}/${policyString('index', policyIndex)}`,
    temporary: `${devicePath}/tmp`,
    pending: `${devicePath}/${policyString('pending', policyIndex)}`,
    quarantined: `${devicePath}/quarantined/${objects}`,
  }
}

export function statePath(devicePath: string): string {
  return `${devicePath}/state`
}

/**
 * A leaf directory is named by the first two hex digits of the hashes in it: 256 in all, so that a device soon has every
 * one of them and a write makes none (`docs/decisions/0004-256-leaf-directories.md`).
 */
export type Leaf = string

export function leafOf(hash: string): Leaf {
  return hash.slice(0, 2)
}

export function leafPath(objects: string, leaf: Leaf): string {
  return `${objects}/${leaf}`
}

export function fileName(file: ObjectFile): string {
  return `${file.hash}_${file.timestamp}.${file.kind}`
}

const FILE_NAME = /^([0-9a-f]{32})_([0-9]{10}\.[0-9]{5}(?:_[0-9a-f]{16})?)\.(data|meta|ts)$/

/** `undefined` for a name that no object file has. */
export function parseFileName(name: string): ObjectFile | undefined {
  const match = FILE_NAME.exec(name)
  if (match === null) return undefined
  const [, hash = '', written = '', kind] = match
  const timestamp = parseTimestamp(written)
  return timestamp === undefined ? undefined : { hash, timestamp, kind: kind as FileKind }
}

/** What of an object's state says which files it has. */
export interface FileTimes {
  readonly data: Pick<DataVersion, 'timestamp'> | undefined
  readonly meta: Pick<MetaRecord, 'timestamp'> | undefined
  readonly tombstone: Timestamp | undefined
  /** There was a data file of this time, and is none any more. */
  readonly lost: Timestamp | undefined
}

/** The files that a state stands for; every other file of the object is obsolete. */
export function filesOf(hash: string, state: FileTimes): readonly ObjectFile[] {
  const files: ObjectFile[] = []
  if (state.data !== undefined) files.push({ hash, timestamp: state.data.timestamp, kind: 'data' })
  if (state.meta !== undefined) files.push({ hash, timestamp: state.meta.timestamp, kind: 'meta' })
  if (state.tombstone !== undefined) files.push({ hash, timestamp: state.tombstone, kind: 'ts' })
  return files
}
