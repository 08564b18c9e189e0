/**
 * `x-amz-transition-default-minimum-object-size`: from which size on rules move objects to colder classes
 * (PutBucketLifecycleConfiguration). It is kept and told; all classes are stored alike here.
 */
import type { HeaderMap } from '#http/message.ts'
import type { LifecycleConfiguration } from '#store/bucket-settings/lifecycle-rules.ts'
import { invalidArgument } from '../error.ts'
import { type Parsed, parsed } from './xml-schema.ts'

const HEADER = 'x-amz-transition-default-minimum-object-size'
/** AWS's default. */
const OF_ALL_CLASSES = 'all_storage_classes_128K'
const BY_CLASS = 'varies_by_storage_class'

export function withMovedFrom(
  wanted: LifecycleConfiguration,
  headers: HeaderMap,
): Parsed<LifecycleConfiguration> {
  const written = headers[HEADER]
  if (written === undefined || written === OF_ALL_CLASSES) return parsed(wanted)
  if (written === BY_CLASS) return parsed({ ...wanted, movedFrom: BY_CLASS })
  return invalidArgument(HEADER, written, 'The default minimum object size is not valid.')
}

export function movedFromHeader({ movedFrom }: LifecycleConfiguration): Readonly<Record<string, string>> {
  return { [HEADER]: movedFrom ?? OF_ALL_CLASSES }
}
