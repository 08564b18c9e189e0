/** Options of signed URLs and forms, `[tempurl]` and `[formpost]`, and of websites, `[websites]`. */
import { SIGNATURE_DIGESTS, type SignatureDigest } from '#auth/request-signature.ts'
import { boolean, duration, integer, listOf, oneOf, text } from '#base/option-values.ts'
import { type OptionsOf, option } from '#base/options.ts'
import { DEFAULT_TEMPURL_OPTIONS } from '#proxy/middleware/tempurl.ts'
import { DEFAULT_WEB_OPTIONS, type WebOptions } from '#proxy/web-options.ts'
import { address } from './endpoint-option.ts'

const word = text({ leastLength: 1 })

const allowedDigests = option<readonly SignatureDigest[]>({
  name: 'allowed_digests',
  doc: 'Digests with which signatures may be made.',
  parse: listOf(oneOf(SIGNATURE_DIGESTS)),
  default: SIGNATURE_DIGESTS,
  source: 'OpenStack Swift allowed_digests',
})

/** An option that is a list of words. */
function words(name: string, doc: string, standard: readonly string[], source: string) {
  return option<readonly string[]>({ name, doc, parse: listOf(word), default: standard, source })
}

export const tempurl = {
  allowedDigests,
  methods: words(
    'methods',
    'Methods for which there may be temporary URLs.',
    DEFAULT_TEMPURL_OPTIONS.methods,
    'OpenStack Swift tempurl methods',
  ),
  incomingRemoveHeaders: words(
    'incoming_remove_headers',
    'Headers taken out of requests by a temporary URL; with * at the end, all that begin so.',
    DEFAULT_TEMPURL_OPTIONS.incomingRemoveHeaders,
    'OpenStack Swift tempurl incoming_remove_headers',
  ),
  incomingAllowHeaders: words(
    'incoming_allow_headers',
    'Exceptions to incoming_remove_headers.',
    DEFAULT_TEMPURL_OPTIONS.incomingAllowHeaders,
    'OpenStack Swift tempurl incoming_allow_headers',
  ),
  outgoingRemoveHeaders: words(
    'outgoing_remove_headers',
    'Headers taken out of answers to a temporary URL; with * at the end, all that begin so.',
    DEFAULT_TEMPURL_OPTIONS.outgoingRemoveHeaders,
    'OpenStack Swift tempurl outgoing_remove_headers',
  ),
  outgoingAllowHeaders: words(
    'outgoing_allow_headers',
    'Exceptions to outgoing_remove_headers.',
    DEFAULT_TEMPURL_OPTIONS.outgoingAllowHeaders,
    'OpenStack Swift tempurl outgoing_allow_headers',
  ),
}

export const formpost = { allowedDigests }

const LOOKUP_TIMEOUT_MS = 2_000

export const websites = {
  urlBase: option<string | undefined>({
    name: 'url_base',
    doc: 'Scheme and host (https://www.example.org) of the redirects of websites, where visitors come through something else.',
    parse: urlBase,
    default: undefined,
    source: 'OpenStack Swift staticweb url_base',
  }),
  storageDomains: words(
    'storage_domain',
    'Domains whose subdomains are accounts and containers: container.AUTH-account.DOMAIN.',
    [],
    'OpenStack Swift domain_remap storage_domain; the default there is example.com',
  ),
  pathRoot: option({
    name: 'path_root',
    doc: 'What paths by such a domain are given at their beginning.',
    parse: word,
    default: DEFAULT_WEB_OPTIONS.domainRemap.pathRoot,
    source: 'OpenStack Swift domain_remap path_root',
  }),
  resellerPrefixes: words(
    'reseller_prefixes',
    'What accounts by such a domain begin with, without the underscore.',
    DEFAULT_WEB_OPTIONS.domainRemap.resellerPrefixes,
    'OpenStack Swift domain_remap reseller_prefixes',
  ),
  defaultResellerPrefix: option<string | undefined>({
    name: 'default_reseller_prefix',
    doc: 'Put before accounts by such a domain that begin with none of them.',
    parse: word,
    default: undefined,
    source: 'OpenStack Swift domain_remap default_reseller_prefix',
  }),
  mangleClientPaths: option({
    name: 'mangle_client_paths',
    doc: 'A path by such a domain that begins with path_root is not given it twice.',
    parse: boolean,
    default: false,
    source: 'OpenStack Swift domain_remap mangle_client_paths',
  }),
  cnameLookup: option({
    name: 'cname_lookup',
    doc: 'Look up foreign hosts in the domain name system: www.example.org may be an alias of container.AUTH-account.DOMAIN.',
    parse: boolean,
    default: false,
    source: 'OpenStack Swift cname_lookup, a filter that an operator adds to the pipeline',
  }),
  lookupDepth: option({
    name: 'lookup_depth',
    doc: 'How many aliases are followed one after the other.',
    parse: integer({ least: 1, most: 16 }),
    default: DEFAULT_WEB_OPTIONS.cnameLookupDepth,
    source: 'OpenStack Swift cname_lookup lookup_depth',
  }),
  nameservers: option<readonly string[]>({
    name: 'nameservers',
    doc: 'Name servers to ask (address:port) in place of those of the machine.',
    parse: listOf(address),
    default: [],
    source: 'OpenStack Swift cname_lookup nameservers',
  }),
  lookupTimeoutMs: option({
    name: 'lookup_timeout',
    doc: 'Longest wait for a name server.',
    unit: 'seconds',
    parse: duration,
    default: LOOKUP_TIMEOUT_MS,
    source: 'decision: a visitor waits for it',
  }),
}

function urlBase(written: unknown): ReturnType<typeof word> {
  const isBase = typeof written === 'string' && /^https?:\/\/[^/\s]+$/.test(written)
  if (isBase) return { kind: 'value', value: written }
  return { kind: 'expected', expected: 'scheme and host, such as https://www.example.org' }
}

interface WebSettings {
  readonly tempurl: OptionsOf<typeof tempurl>
  readonly formpost: OptionsOf<typeof formpost>
  readonly websites: OptionsOf<typeof websites>
}

/** The same as the proxy takes it. */
export function webOptionsOf(settings: WebSettings): WebOptions {
  const { websites: web } = settings
  return {
    tempurl: settings.tempurl,
    formpostDigests: settings.formpost.allowedDigests,
    urlBase: web.urlBase,
    domainRemap: {
      storageDomains: web.storageDomains,
      pathRoot: web.pathRoot,
      resellerPrefixes: web.resellerPrefixes,
      defaultResellerPrefix: web.defaultResellerPrefix,
      clientPaths: web.mangleClientPaths ? 'mangled' : 'kept',
    },
    cnameLookup: web.cnameLookup ? 'on' : 'off',
    cnameLookupDepth: web.lookupDepth,
  }
}
