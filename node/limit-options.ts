/** Options of what holds clients back: bulk requests, rates, read-only mode, names; and of small services beside the API. */
import { boolean, decimal, duration, integer, listOf, text, type ValueParser } from '#base/option-values.ts'
import { option } from '#base/options.ts'
import { DEFAULT_BULK } from '#proxy/options.ts'
import { parseRateStep, type RateStep } from '#proxy/ratelimit/rates.ts'

/** Unpacking archives, and deleting by list. */
export const bulk = {
  maxContainersPerExtraction: option({
    name: 'max_containers_per_extraction',
    doc: 'Containers that one archive may make.',
    unit: 'containers',
    parse: integer({ least: 0 }),
    default: DEFAULT_BULK.maxContainersPerExtraction,
    source: 'OpenStack Swift bulk max_containers_per_extraction',
  }),
  maxFailedExtractions: option({
    name: 'max_failed_extractions',
    doc: 'Files of an archive that may fail before the rest is left.',
    unit: 'files',
    parse: integer({ least: 1 }),
    default: DEFAULT_BULK.maxFailedExtractions,
    source: 'OpenStack Swift bulk max_failed_extractions',
  }),
  maxDeletesPerRequest: option({
    name: 'max_deletes_per_request',
    doc: 'Names that one bulk delete may have.',
    unit: 'names',
    parse: integer({ least: 1 }),
    default: DEFAULT_BULK.maxDeletesPerRequest,
    source: 'OpenStack Swift bulk max_deletes_per_request',
  }),
  maxFailedDeletes: option({
    name: 'max_failed_deletes',
    doc: 'Names of a bulk delete that may fail before the rest is left.',
    unit: 'names',
    parse: integer({ least: 1 }),
    default: DEFAULT_BULK.maxFailedDeletes,
    source: 'OpenStack Swift bulk max_failed_deletes',
  }),
  deleteConcurrency: option({
    name: 'delete_concurrency',
    doc: 'Names that one bulk delete deletes at the same time.',
    unit: 'names',
    parse: integer({ least: 1, most: 1000 }),
    default: DEFAULT_BULK.deleteConcurrency,
    source: 'OpenStack Swift bulk delete_concurrency',
  }),
  yieldMs: option({
    name: 'yield_frequency',
    doc: 'How often the client of a bulk request that takes long is sent a blank.',
    unit: 'seconds',
    parse: duration,
    default: DEFAULT_BULK.yieldMs,
    source: 'OpenStack Swift bulk yield_frequency',
  }),
}

const rateStep: ValueParser<RateStep> = (written) => {
  const step = typeof written === 'string' ? parseRateStep(written) : undefined
  return step === undefined
    ? { kind: 'expected', expected: 'a size and a rate, such as "100:20"' }
    : { kind: 'value', value: step }
}

/** How often clients may do what. */
export const ratelimit = {
  accountRate: option({
    name: 'account_ratelimit',
    doc: 'Containers that may be made and deleted in an account per second; 0 for any number.',
    parse: decimal({ least: 0 }),
    default: 0,
    source: 'OpenStack Swift ratelimit account_ratelimit',
  }),
  containerRates: option<readonly RateStep[]>({
    name: 'container_ratelimits',
    doc: 'Writes per second to the objects of a container, by its number of objects: "100:20", "1000:5". Between two sizes the rate changes evenly.',
    parse: listOf(rateStep),
    default: [],
    source: 'OpenStack Swift ratelimit container_ratelimit_SIZE',
  }),
  listingRates: option<readonly RateStep[]>({
    name: 'container_listing_ratelimits',
    doc: 'Listings of a container per second, by its number of objects.',
    parse: listOf(rateStep),
    default: [],
    source: 'OpenStack Swift ratelimit container_listing_ratelimit_SIZE',
  }),
  maxSleepMs: option({
    name: 'max_sleep_time',
    doc: 'A request that would have to wait longer for its turn is refused with 498.',
    unit: 'seconds',
    parse: duration,
    default: 60_000,
    source: 'OpenStack Swift ratelimit max_sleep_time_seconds',
  }),
  logSleepMs: option({
    name: 'log_sleep_time',
    doc: 'Longer waits are logged; 0 for none.',
    unit: 'seconds',
    parse: duration,
    default: 0,
    source: 'OpenStack Swift ratelimit log_sleep_time_seconds',
  }),
  bufferMs: option({
    name: 'rate_buffer',
    doc: 'Time that an account or container saves up while it is quiet.',
    unit: 'seconds',
    parse: duration,
    default: 5_000,
    source: 'OpenStack Swift ratelimit rate_buffer_seconds',
  }),
}

/** Nothing is written. */
export const readOnly = {
  cluster: option({
    name: 'read_only',
    doc: 'Nothing may be written, save to accounts and containers that a reseller exempts.',
    parse: boolean,
    default: false,
    source: 'OpenStack Swift read_only',
  }),
  allowDeletes: option({
    name: 'allow_deletes',
    doc: 'Deleting is allowed all the same.',
    parse: boolean,
    default: false,
    source: 'OpenStack Swift read_only allow_deletes',
  }),
}

/** Names that are refused. */
export const nameCheck = {
  enabled: option({
    name: 'enabled',
    doc: 'Refuse paths by the rules of this section.',
    parse: boolean,
    default: false,
    source: 'OpenStack Swift: name_check is not in the default pipeline',
  }),
  forbiddenCharacters: option({
    name: 'forbidden_chars',
    doc: 'Characters that no path may have.',
    parse: text(),
    default: '\'"`<>',
    source: 'OpenStack Swift name_check forbidden_chars',
  }),
  maximumLength: option({
    name: 'maximum_length',
    doc: 'Longest path.',
    unit: 'bytes',
    parse: integer({ least: 1 }),
    default: 255,
    source: 'OpenStack Swift name_check maximum_length',
  }),
  forbiddenPattern: option({
    name: 'forbidden_regexp',
    doc: 'Regular expression that no part of a path may match; empty for none.',
    parse: regularExpression,
    default: String.raw`/\./|/\.\./|/\.$|/\.\.$`,
    source: 'OpenStack Swift name_check forbidden_regexp',
  }),
}

function regularExpression(written: unknown): ReturnType<ValueParser<string>> {
  try {
    if (typeof written === 'string' && new RegExp(written, 'u').source !== '') {
      return { kind: 'value', value: written }
    }
  } catch {
    // Said below.
  }
  return { kind: 'expected', expected: 'a regular expression' }
}

/** ETags in quotes. */
export const etagQuoter = {
  enableByDefault: option({
    name: 'enable_by_default',
    doc: 'ETags are sent in quotes, as HTTP wants them, unless an account or container says otherwise.',
    parse: boolean,
    default: false,
    source: 'OpenStack Swift etag_quoter enable_by_default',
  }),
}

/** Policy file for plug-ins of browsers. */
export const crossdomain = {
  policy: option<string | undefined>({
    name: 'cross_domain_policy',
    doc: 'What stands in /crossdomain.xml inside the root element; without it there is no such file.',
    parse: text({ leastLength: 1 }),
    default: undefined,
    source: 'decision: OpenStack Swift, once crossdomain is in the pipeline, lets every site in by default',
  }),
}
