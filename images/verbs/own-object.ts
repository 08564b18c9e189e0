/** The object that a request names by its address, where it is the caller's to take or to make. */
import type { ObjectName } from '#store/operation.ts'
import type { Caller } from '../caller.ts'
import { objectOfUrl } from '../data/object-store.ts'
import { forbidden, type Refusal } from '../refusal.ts'

/** 403 for other addresses, and for accounts that the project does not own; administrators own all. */
export function ownObject(caller: Caller, url: string): ObjectName | Refusal {
  const name = objectOfUrl(url)
  if (name === undefined) {
    return forbidden('Only objects of this cluster can be named: swift://ACCOUNT/CONTAINER/OBJECT.')
  }
  const isOwn = caller.isAdmin || caller.accounts.includes(name.account)
  return isOwn ? name : forbidden(`The account ${name.account} is not the project's.`)
}
