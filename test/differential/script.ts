/** The whole script, in the order in which it is sent: later groups use what earlier ones made. */
import { accessRequests, corsRequests } from './requests/access.ts'
import {
  accountListingRequests,
  accountRequests,
  emptyAccountRequests,
  infoRequests,
} from './requests/account.ts'
import { authRequests, tokenRequests } from './requests/auth.ts'
import { combinationRequests } from './requests/combinations.ts'
import { containerRequests, listingRequests } from './requests/container.ts'
import { formatRequests, headerRequests, oddNameRequests, parameterRequests } from './requests/formats.ts'
import { formPostRequests } from './requests/formpost.ts'
import { historyRequests } from './requests/histories.ts'
import { joinedAndCopiedRequests } from './requests/joined-and-copied.ts'
import { largeObjectRequests } from './requests/large-objects.ts'
import {
  bulkRequests,
  crossdomainRequests,
  metadataLimitRequests,
  quotaRequests,
  quotedEtagRequests,
  serviceTokenRequests,
} from './requests/limits.ts'
import { linkRequests } from './requests/links.ts'
import { malformedRequests } from './requests/malformed.ts'
import { manifestRequests } from './requests/manifests.ts'
import { objectRequests } from './requests/object.ts'
import { originRequests, ownerRequests } from './requests/owners.ts'
import { conditionRequests, rangeRequests } from './requests/reading.ts'
import { signedRequests } from './requests/signed.ts'
import { siteRequests } from './requests/sites.ts'
import { tempUrlRequests } from './requests/tempurl.ts'
import { archiveRequests, versionRequests } from './requests/versions.ts'
import { togetherRequests } from './requests/versions-of-others.ts'
import { domainRequests, websiteRequests } from './requests/websites.ts'
import type { Step } from './step.ts'

export const SCRIPT: readonly Step[] = [
  ...infoRequests,
  ...authRequests,
  ...emptyAccountRequests,
  ...accountRequests,
  ...accountListingRequests,
  ...containerRequests,
  ...listingRequests,
  ...tokenRequests,
  ...objectRequests,
  ...rangeRequests,
  ...conditionRequests,
  ...accessRequests,
  ...corsRequests,
  ...bulkRequests,
  ...quotaRequests,
  ...quotedEtagRequests,
  ...serviceTokenRequests,
  ...metadataLimitRequests,
  ...crossdomainRequests,
  ...linkRequests,
  ...versionRequests,
  ...archiveRequests,
  ...togetherRequests,
  ...tempUrlRequests,
  ...formPostRequests,
  ...websiteRequests,
  ...domainRequests,
  ...largeObjectRequests,
  ...malformedRequests,
  ...manifestRequests,
  ...joinedAndCopiedRequests,
  ...formatRequests,
  ...parameterRequests,
  ...oddNameRequests,
  ...headerRequests,
  ...ownerRequests,
  ...originRequests,
  ...historyRequests,
  ...signedRequests,
  ...siteRequests,
  ...combinationRequests,
]
