/** Schemas of metadata definitions. */
import type { Json } from '../answers.ts'

export const METADEF_SCHEMAS: ReadonlyMap<string, Json> = new Map()
