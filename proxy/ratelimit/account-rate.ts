/** Set by resellers: `WHITELIST`, `BLACKLIST`, or how many writes a second the account may make (OpenStack Swift). */
export const ACCOUNT_RATE_SYSMETA = 'x-account-sysmeta-global-write-ratelimit'
