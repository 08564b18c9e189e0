/** `CORSConfiguration` (Amazon S3 API Reference, PutBucketCors). */
import {
  CORS_METHODS,
  type CorsConfiguration,
  type CorsMethod,
  type CorsRule,
} from '#store/bucket-settings/documents.ts'
import { type S3Error, s3Error } from '../error.ts'
import { checked, many, mapped, optional, parsed, struct, text, whole } from './xml-schema.ts'

/** A bucket has at most so many rules. */
const RULES_MAX = 100
const ID_CHARACTERS_MAX = 255

const method = mapped<string, CorsMethod>(
  text(),
  (written) => {
    const known = CORS_METHODS.find((one) => one === written)
    if (known !== undefined) return parsed(known)
    const message = `Found unsupported HTTP method in CORS config. Unsupported method is ${written}`
    return s3Error('InvalidRequest', { message })
  },
  (value) => value,
)

const rule = checked(
  struct<CorsRule>({
    id: optional(
      'ID',
      text((id) => id.length <= ID_CHARACTERS_MAX),
    ),
    allowedHeaders: many('AllowedHeader', text()),
    allowedMethods: many('AllowedMethod', method, { atLeast: 1 }),
    allowedOrigins: many('AllowedOrigin', text(), { atLeast: 1 }),
    exposeHeaders: many('ExposeHeader', text()),
    maxAgeSeconds: optional('MaxAgeSeconds', whole),
  }),
  wildcardProblem,
)

export const corsDocument = struct<CorsConfiguration>({
  rules: many('CORSRule', rule, { atLeast: 1, atMost: RULES_MAX }),
})

function wildcardProblem({ allowedOrigins, allowedHeaders, exposeHeaders }: CorsRule): S3Error | undefined {
  for (const [element, values] of Object.entries({
    AllowedOrigin: allowedOrigins,
    AllowedHeader: allowedHeaders,
  })) {
    const twice = values.find((value) => value.indexOf('*') !== value.lastIndexOf('*'))
    if (twice !== undefined) {
      return s3Error('InvalidRequest', {
        message: `${element} "${twice}" can not have more than one wildcard.`,
      })
    }
  }
  const exposed = exposeHeaders.find((value) => value.includes('*'))
  if (exposed === undefined) return undefined
  return s3Error('InvalidRequest', {
    message: `ExposeHeader "${exposed}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
  })
}
