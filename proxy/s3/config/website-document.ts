/** `WebsiteConfiguration` (Amazon S3 API Reference, PutBucketWebsite). */
import type {
  RoutingCondition,
  RoutingRedirect,
  RoutingRule,
  WebsiteConfiguration,
} from '#store/bucket-settings/website-rules.ts'
import { invalidArgument, type S3Error, s3Error } from '../error.ts'
import {
  type Codec,
  checked,
  exactText,
  holding,
  malformed,
  many,
  mapped,
  optional,
  parsed,
  required,
  struct,
  text,
  whole,
} from './xml-schema.ts'

const ROUTING_RULES_MAX = 50

const protocol = checked(text(), (written) =>
  written === 'http' || written === 'https'
    ? undefined
    : s3Error('InvalidRequest', {
        message:
          'Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.',
      }),
) as Codec<'http' | 'https'>
const nonEmpty = text((written) => written !== '')

const redirect = checked(
  struct<RoutingRedirect>({
    host: optional('HostName', nonEmpty),
    status: optional('HttpRedirectCode', whole),
    protocol: optional('Protocol', protocol),
    replaceKeyWith: optional('ReplaceKeyWith', exactText),
    replacePrefixWith: optional('ReplaceKeyPrefixWith', exactText),
  }),
  (value) => {
    if (Object.keys(value).length === 0) return malformed()
    if (value.replaceKeyWith !== undefined && value.replacePrefixWith !== undefined) {
      return s3Error('InvalidRequest', {
        message: 'You can only define ReplaceKeyPrefix or ReplaceKey but not both.',
      })
    }
    const { status } = value
    if (status === undefined || (status > 300 && status < 400 && status !== 304)) return undefined
    return s3Error('InvalidRequest', {
      message: `The provided HTTP redirect code (${status}) is not valid. Valid codes are 3XX except 300.`,
    })
  },
)

const condition = checked(
  struct<RoutingCondition>({
    errorCode: optional('HttpErrorCodeReturnedEquals', whole),
    keyPrefix: optional('KeyPrefixEquals', exactText),
  }),
  (value) => {
    if (Object.keys(value).length === 0) {
      const message =
        "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present."
      return s3Error('InvalidRequest', { message })
    }
    const { errorCode } = value
    if (errorCode === undefined || (errorCode >= 400 && errorCode < 600)) return undefined
    return s3Error('InvalidRequest', {
      message: `The provided HTTP error code (${errorCode}) is not valid. Valid codes are 4XX or 5XX.`,
    })
  },
)

interface Written {
  readonly index?: string | undefined
  readonly error?: string | undefined
  readonly redirectAll?: WebsiteConfiguration['redirectAll']
  readonly rules?: readonly RoutingRule[] | undefined
}

const written = struct<Written>({
  index: optional('IndexDocument', holding(required('Suffix', exactText))),
  error: optional('ErrorDocument', holding(required('Key', exactText))),
  redirectAll: optional(
    'RedirectAllRequestsTo',
    struct<NonNullable<WebsiteConfiguration['redirectAll']>>({
      host: required('HostName', nonEmpty),
      protocol: optional('Protocol', protocol),
    }),
  ),
  rules: optional(
    'RoutingRules',
    holding(
      many(
        'RoutingRule',
        struct<RoutingRule>({
          condition: optional('Condition', condition),
          redirect: required('Redirect', redirect),
        }),
        { atLeast: 1, atMost: ROUTING_RULES_MAX },
      ),
    ),
  ),
})

export const websiteDocument = mapped<Written, WebsiteConfiguration>(
  written,
  ({ index, error, redirectAll, rules }) => {
    const problem = problemWith({ index, error, redirectAll, rules })
    if (problem !== undefined) return problem
    return parsed({
      ...(index === undefined ? {} : { indexSuffix: index }),
      ...(error === undefined ? {} : { errorKey: error }),
      ...(redirectAll === undefined ? {} : { redirectAll }),
      routingRules: rules ?? [],
    })
  },
  ({ indexSuffix: index, errorKey: error, redirectAll, routingRules }) => ({
    index,
    error,
    redirectAll,
    rules: routingRules.length === 0 ? undefined : routingRules,
  }),
)

function problemWith({ index, error, redirectAll, rules }: Written): S3Error | undefined {
  if (redirectAll !== undefined) {
    if (index === undefined && error === undefined && rules === undefined) return undefined
    const message = 'RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.'
    return invalidArgument('RedirectAllRequestsTo', 'not null', message)
  }
  if (index === undefined) {
    const message = 'A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty'
    return invalidArgument('IndexDocument', 'null', message)
  }
  if (index === '' || index.includes('/')) {
    return invalidArgument('IndexDocument', index, 'The IndexDocument Suffix is not well formed')
  }
  if (error === '') return invalidArgument('ErrorDocument', '', 'The ErrorDocument Key is not well formed')
  return undefined
}
