/** What the one decision about access is asked with, by everybody who asks. */
import type { ProxyDeps } from '../app.ts'
import type { AccessDeps } from './ask-access.ts'

export function accessDepsOf({
  store,
  bucketSettings,
  environment,
  options,
}: Pick<ProxyDeps, 'store' | 'bucketSettings' | 'environment' | 'options'>): AccessDeps {
  return {
    store,
    settings: bucketSettings,
    clock: environment.clock,
    resellers: options.resellers,
    objectOwnership: options.s3.objectOwnership,
  }
}
