/** `BucketLoggingStatus` (Amazon S3 API Reference, PutBucketLogging). */
import type {
  LoggingConfiguration,
  LoggingGrant,
  LoggingKeyFormat,
} from '#store/bucket-settings/documents.ts'
import type { XmlElement } from '../xml-reader.ts'
import { element, escapedText } from '../xml-writer.ts'
import {
  type Codec,
  exactText,
  type Field,
  holding,
  malformed,
  many,
  mapped,
  optional,
  parsed,
  required,
  struct,
  text,
  word,
} from './xml-schema.ts'

const XSI = 'http://www.w3.org/2001/XMLSchema-instance'
const GRANTEE_TYPES: readonly string[] = ['CanonicalUser', 'AmazonCustomerByEmail', 'Group']

type Grantee = LoggingGrant['grantee']

/** Its type is an attribute, the only one in all these documents. */
const grantee: Field<Grantee> = {
  element: 'Grantee',
  read: (parent) => {
    const [only, second] = parent.all('Grantee')
    const type = only?.attribute('type')
    if (only === undefined || second !== undefined || type === undefined || !GRANTEE_TYPES.includes(type)) {
      return malformed()
    }
    return parsed(granteeIn(only, type))
  },
  write: ({ type, id, displayName, emailAddress, uri }) =>
    `<Grantee xmlns:xsi="${XSI}" xsi:type="${escapedText(type)}">${[
      element('ID', id),
      element('DisplayName', displayName),
      element('EmailAddress', emailAddress),
      element('URI', uri),
    ].join('')}</Grantee>`,
}

function granteeIn(found: XmlElement, type: string): Grantee {
  return {
    type,
    id: found.textOf('ID'),
    displayName: found.textOf('DisplayName'),
    emailAddress: found.textOf('EmailAddress'),
    uri: found.textOf('URI'),
  }
}

interface WrittenFormat {
  readonly simple?: Readonly<Record<string, never>> | undefined
  readonly partitioned?: { readonly dateSource?: 'EventTime' | 'DeliveryTime' | undefined } | undefined
}

const keyFormat: Codec<LoggingKeyFormat> = mapped(
  struct<WrittenFormat>({
    simple: optional('SimplePrefix', struct<Record<string, never>>({})),
    partitioned: optional(
      'PartitionedPrefix',
      struct<NonNullable<WrittenFormat['partitioned']>>({
        dateSource: optional('PartitionDateSource', word('EventTime', 'DeliveryTime')),
      }),
    ),
  }),
  ({ simple, partitioned }) => {
    if ((simple === undefined) === (partitioned === undefined)) return malformed()
    return parsed(simple === undefined ? { kind: 'partitioned', ...partitioned } : { kind: 'simple' })
  },
  (value) => (value.kind === 'simple' ? { simple: {} } : { partitioned: { dateSource: value.dateSource } }),
)

type Enabled = NonNullable<LoggingConfiguration['enabled']>

export const loggingDocument: Codec<LoggingConfiguration> = struct<LoggingConfiguration>({
  enabled: optional(
    'LoggingEnabled',
    struct<Enabled>({
      targetBucket: required('TargetBucket', text()),
      targetPrefix: required('TargetPrefix', exactText),
      grants: optional(
        'TargetGrants',
        holding(
          many(
            'Grant',
            struct<LoggingGrant>({
              grantee,
              permission: required('Permission', word('FULL_CONTROL', 'READ', 'WRITE')),
            }),
          ),
        ),
      ),
      keyFormat: optional('TargetObjectKeyFormat', keyFormat),
    }),
  ),
})
