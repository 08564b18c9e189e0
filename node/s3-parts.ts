/** What the S3 door of a process needs: whose access keys there are, and who verifies signatures. */
import type { KeyRing } from '#auth/key-ring.ts'
import type { AccessKeys } from '#auth/s3/access-keys.ts'
import type { Environment } from '#base/environment.ts'
import type { S3Parts } from '#proxy/app.ts'
import { authenticateFormWith, authenticateWith, s3Authentication } from '#proxy/s3/authenticate.ts'
import type { S3Options } from '#proxy/s3/options.ts'

export interface S3PartsOptions {
  readonly environment: Environment
  readonly keys: KeyRing
  /** Asked one after the other. */
  readonly accessKeys: readonly AccessKeys[]
  readonly options: S3Options
}

export function s3PartsOf({ environment, keys, accessKeys, options }: S3PartsOptions): S3Parts {
  const authentication = s3Authentication({
    environment,
    keys,
    accessKeys,
    options,
  })
  return {
    authenticate: authenticateWith(authentication),
    authenticateForm: authenticateFormWith(authentication),
    sts: authentication,
  }
}
