/** A line of the table of routes. */
import type { ImageVerb } from '../visit.ts'

export interface ImageRoute {
  readonly method: string
  /** Parts of the path; a part that begins with a colon takes any name. */
  readonly path: readonly string[]
  /** `none`: a body is the client's mistake. `json`: one is needed. `stream`: the verb reads it. `ignored`: nobody does. */
  readonly body: 'none' | 'json' | 'stream' | 'ignored'
  readonly verb: ImageVerb
}

/** `/images/:id/file` as a route has it. */
export function route(
  method: string,
  path: string,
  verb: ImageVerb,
  body: ImageRoute['body'] = 'none',
): ImageRoute {
  return { method, path: path.split('/').filter((part) => part !== ''), body, verb }
}
