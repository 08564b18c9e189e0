/**
 * Requests whose answers by OpenStack Swift 2.30 are recorded (`swift-2.30-answers.json`) and must be ours too.
 * The steps run in order on one empty cluster; each step sees what the ones before it did.
 */
import { ACCOUNTS } from './scenario/accounts.ts'
import { AUTH, PATHS } from './scenario/auth-and-paths.ts'
import { CONDITIONS, EXPIRY, MISSING_CONDITIONS } from './scenario/conditions.ts'
import { CONTAINER_ACLS, CONTAINERS } from './scenario/containers.ts'
import { CORS, GATEKEEPER } from './scenario/cors-and-gatekeeper.ts'
import { LISTINGS } from './scenario/listings.ts'
import { OBJECTS } from './scenario/objects.ts'
import type { Step } from './scenario/step.ts'

export const SCENARIO: readonly Step[] = [
  ...AUTH,
  ...PATHS,
  ...ACCOUNTS,
  ...CONTAINERS,
  ...CONTAINER_ACLS,
  ...OBJECTS,
  ...CONDITIONS,
  ...MISSING_CONDITIONS,
  ...EXPIRY,
  ...LISTINGS,
  ...CORS,
  ...GATEKEEPER,
]
