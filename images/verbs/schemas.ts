/** The schema documents. */
import { jsonAnswer } from '../answers.ts'
import { schemaDocument } from '../model/schema-documents.ts'
import { notFound } from '../refusal.ts'
import type { ImageVerb } from '../visit.ts'
import { type ImageRoute, route } from './route.ts'

const named =
  (prefix: string): ImageVerb =>
  async ({ names: [name = ''] }) => {
    const document = schemaDocument(`${prefix}${name}`)
    return document === undefined ? notFound('The resource could not be found.') : jsonAnswer(200, document)
  }

export const schemaRoutes: readonly ImageRoute[] = [
  route('GET', '/schemas/:name', named(''), 'ignored'),
  route('GET', '/schemas/metadefs/:name', named('metadefs/'), 'ignored'),
]
