/** The requests that are put to the identity service, and where it is written down what a real Keystone 22.0 answered to them. */
import { ACCESS_RULE_REQUESTS } from './access-rule-requests.ts'
import { DELEGATION_REQUESTS } from './delegation-requests.ts'
import { IDENTITY_REQUESTS } from './identity-requests.ts'

export const PLAYS = {
  usual: {
    requests: IDENTITY_REQUESTS,
    answersFile: new URL('keystone-22.0-answers.json', import.meta.url),
  },
  delegation: {
    requests: DELEGATION_REQUESTS,
    answersFile: new URL('keystone-22.0-delegation-answers.json', import.meta.url),
  },
  accessRules: {
    requests: ACCESS_RULE_REQUESTS,
    answersFile: new URL('keystone-22.0-access-rule-answers.json', import.meta.url),
  },
} as const
