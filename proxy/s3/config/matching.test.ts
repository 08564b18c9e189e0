/** What rules say, whatever they are: properties of the pure parts. */
import * as fc from 'fast-check'
import t from 'tap'
import type { CorsRule } from '#store/bucket-settings/documents.ts'
import {
  dueAfterDays,
  expirationOf,
  filterTakes,
  type LifecycleRule,
  REAL_DAY_MS,
} from '#store/bucket-settings/lifecycle-rules.ts'
import {
  isEventName,
  type NotificationTarget,
  OBJECT_EVENTS,
  overlap,
  targetsOf,
  webhookIn,
} from '#store/bucket-settings/notification-rules.ts'
import {
  mayDelete,
  mayReplaceRetention,
  retentionByDefault,
} from '#store/bucket-settings/object-lock-rules.ts'
import { storedTags, TAGS_FACT, tagsIn } from '#store/object-facts/object-tags.ts'
import { parseXml, XmlElement } from '../xml-reader.ts'
import { document } from '../xml-writer.ts'
import { corsDocument } from './cors-document.ts'
import { ruleFor } from './cors-match.ts'
import { taggingDocument } from './tags.ts'

const NOW = Date.UTC(2026, 0, 15, 12)
/** What a tag may be made of. */
const word = fc.stringMatching(/^[\p{L}\p{N} _.:/=+@-]{1,20}$/u)
const tags = fc.uniqueArray(fc.record({ key: word, value: word }), {
  selector: ({ key }) => key,
  maxLength: 10,
})

t.test('tags come back from what is stored, and from their document, as they were', async () => {
  fc.assert(
    fc.property(tags, (given) => {
      const stored = tagsIn({ [TAGS_FACT]: storedTags(given) })
      if (JSON.stringify(stored) !== JSON.stringify(given)) return false
      const parsed = parseXml(Buffer.from(document('Tagging', taggingDocument.write(given))))
      const read = parsed instanceof XmlElement ? taggingDocument.read(parsed) : undefined
      return read?.kind === 'value' && JSON.stringify(read.value) === JSON.stringify(given)
    }),
  )
})

const pattern = fc.oneof(fc.constant('*'), fc.constantFrom('http://a', 'http://*.a', 'https://*', 'b*c'))
const rule: fc.Arbitrary<CorsRule> = fc.record({
  allowedOrigins: fc.array(pattern, { minLength: 1, maxLength: 3 }),
  allowedMethods: fc.subarray(['GET', 'PUT', 'DELETE'] as const, { minLength: 1 }),
  allowedHeaders: fc.array(fc.constantFrom('*', 'x-amz-*', 'range'), { maxLength: 2 }),
  exposeHeaders: fc.array(fc.constantFrom('etag', 'x-a'), { maxLength: 2 }),
})

t.test('CORS rules come back as they were, and the first that fits is the one', async () => {
  const asked = fc.record({
    origin: fc.constantFrom('http://a', 'http://x.a', 'https://z', 'bc', 'other'),
    method: fc.constantFrom('GET', 'PUT', 'DELETE', 'HEAD'),
    headers: fc.subarray(['x-amz-date', 'range', 'x-other']),
  })
  fc.assert(
    fc.property(fc.array(rule, { minLength: 1, maxLength: 4 }), asked, (rules, request) => {
      const parsed = parseXml(Buffer.from(document('C', corsDocument.write({ rules }))))
      const read = parsed instanceof XmlElement ? corsDocument.read(parsed) : undefined
      if (read?.kind !== 'value') return false
      const found = ruleFor(read.value, request)
      const alone = rules.findIndex((one) => ruleFor({ rules: [one] }, request) !== undefined)
      return (found === undefined) === alone < 0 && read.value.rules.indexOf(found as CorsRule) === alone
    }),
  )
})

const PLAIN: LifecycleRule = {
  id: 'r',
  status: 'Enabled',
  filter: { tags: [] },
  filterForm: 'single',
  transitions: [],
  noncurrentTransitions: [],
}

t.test('what has days left does not expire, and does so at a midnight', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: NOW }), fc.integer({ min: 1, max: 5000 }), (writtenMs, days) => {
      const dueMs = dueAfterDays(writtenMs, days, REAL_DAY_MS)
      const lateMs = dueMs - writtenMs - days * REAL_DAY_MS
      return dueMs % REAL_DAY_MS === 0 && lateMs >= 0 && lateMs < REAL_DAY_MS
    }),
  )
  const object = { key: 'a/b', sizeBytes: 10, tags: [] }
  const days = (count: number): LifecycleRule => ({
    ...PLAIN,
    id: `${count}`,
    expiration: { kind: 'days', days: count },
  })
  t.match(
    expirationOf([days(9), days(3), days(5)], object, NOW, REAL_DAY_MS),
    { ruleId: '3' },
    'the earliest',
  )
  t.equal(expirationOf([{ ...days(3), status: 'Disabled' }], object, NOW, REAL_DAY_MS), undefined)
  t.equal(filterTakes({ tags: [], sizeGreaterThan: 10 }, object), 'no', 'bounds are not included')
  t.equal(filterTakes({ tags: [], sizeLessThan: 10 }, object), 'no')
  t.equal(filterTakes({ tags: [{ key: 'a', value: 'b' }] }, { ...object, tags: undefined }), 'needs_tags')
})

t.test('a lock in compliance mode never gets weaker while it is in force', async () => {
  const at = fc.integer({ min: 1, max: 1000 }).map((days) => new Date(NOW + days * REAL_DAY_MS).toISOString())
  const mode = fc.constantFrom('GOVERNANCE' as const, 'COMPLIANCE' as const)
  const bypass = fc.constantFrom('governance' as const, 'none' as const)
  fc.assert(
    fc.property(
      at,
      fc.option(fc.record({ mode, until: at }), { nil: undefined }),
      bypass,
      (until, wanted, how) => {
        const lock = { retention: { mode: 'COMPLIANCE' as const, until }, legalHold: undefined }
        const isWeaker = wanted === undefined || wanted.mode === 'GOVERNANCE' || wanted.until < until
        return mayReplaceRetention(lock, wanted, NOW, how) === !isWeaker && !mayDelete(lock, NOW, how)
      },
    ),
  )
})

t.test('a default of years ends on the same day of the year', async (t) => {
  const found = retentionByDefault(
    { defaultRetention: { mode: 'GOVERNANCE', period: { unit: 'years', years: 3 } } },
    NOW,
  )
  t.equal(found?.until, '2029-01-15T12:00:00.000Z')
})

t.test('targets that may hear of one event overlap, and no others', async () => {
  const events = fc.subarray(['s3:ObjectCreated:*', 's3:ObjectCreated:Put', 's3:ObjectRemoved:*'], {
    minLength: 1,
  })
  const part = fc.option(fc.constantFrom('a', 'ab', 'b'), { nil: undefined })
  const target: fc.Arbitrary<NotificationTarget> = fc.record({
    id: fc.constant('t'),
    kind: fc.constant('topic' as const),
    arn: fc.constant(''),
    events,
    prefix: part,
    suffix: part,
  })
  const keys = ['a', 'ab', 'b', 'aba', 'bab', 'abab', 'bb', 'abb', 'aab']
  fc.assert(
    fc.property(target, target, (one, other) => {
      const both = keys.some((key) =>
        OBJECT_EVENTS.some((event) => targetsOf({ targets: [one, other] }, event, key).length === 2),
      )
      return !both || overlap(one, other)
    }),
  )
})

t.test('webhooks are addresses without passwords, and events those of AWS', async (t) => {
  t.equal(webhookIn('arn:martlet:webhook:::https://h.example/p?q')?.href, 'https://h.example/p?q')
  t.equal(webhookIn('arn:martlet:webhook:::https://u:p@h.example/'), undefined)
  t.equal(webhookIn('arn:martlet:webhook:::ftp://h.example/'), undefined)
  t.equal(webhookIn('arn:aws:sns:us-east-1:1:t'), undefined)
  t.ok(
    isEventName('s3:ObjectCreated:*') &&
      isEventName('s3:ObjectRestore:Post') &&
      !isEventName('s3:ObjectCreated:Nothing'),
  )
})
