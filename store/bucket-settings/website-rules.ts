/** A bucket as a website: what is stored of it (Amazon S3 API Reference, `WebsiteConfiguration`). */

export interface WebsiteConfiguration {
  /** Ends the name of the page that stands for a folder. */
  readonly indexSuffix?: string | undefined
  /** Key of the page that is shown for errors of class 4xx. */
  readonly errorKey?: string | undefined
  /** Every request goes there; nothing else may be configured then. */
  readonly redirectAll?: { readonly host: string; readonly protocol?: WebProtocol | undefined } | undefined
  readonly routingRules: readonly RoutingRule[]
}

export type WebProtocol = 'http' | 'https'

export interface RoutingRule {
  readonly condition?: RoutingCondition | undefined
  readonly redirect: RoutingRedirect
}

export interface RoutingCondition {
  readonly keyPrefix?: string | undefined
  readonly errorCode?: number | undefined
}

export interface RoutingRedirect {
  readonly host?: string | undefined
  readonly protocol?: WebProtocol | undefined
  /** In place of the condition's prefix. */
  readonly replacePrefixWith?: string | undefined
  /** In place of the whole key. */
  readonly replaceKeyWith?: string | undefined
  readonly status?: number | undefined
}
