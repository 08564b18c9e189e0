/**
 * `martlet publish DIR CONTAINER`: makes a container the website that a folder holds. Uploads what changed, says what its
 * index and error pages are, lets everybody read it, and prints its address. It uses nothing but the Swift API.
 *
 * It may be broken off and repeated at any time: what is up already is not sent again, and nobody sees the site before
 * all of it is there for the first time.
 */
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { PublishDisplay } from './publish-display.ts'
import { errorSuffixOf, openedReadAcl, type Plan, planOf, type Upload } from './publish-plan.ts'
import { amount } from './readable.ts'
import { complain, say, warn } from './report.ts'
import { type SignInArguments, signInOf } from './sign-in.ts'
import { factsOf, filesBelow, type SiteFile, type SiteFolder } from './site-files.ts'
import { type ListedObject, Refused, SwiftAccount } from './swift-account.ts'

export interface PublishArguments extends SignInArguments {
  /** Name of the page that stands for a folder. */
  readonly index?: string
  /** What follows the status in the names of error pages. */
  readonly errorPages?: string
  readonly listings?: true
  /** Seconds for which browsers and caches may keep what is uploaded. */
  readonly maxAge?: string
  /** Delete objects that are no files of the folder. */
  readonly delete?: true
  /** Upload also what has not changed. */
  readonly all?: true
  readonly dryRun?: true
}

const INDEX = 'index.html'
const UPLOADS_AT_ONCE = 8
/** A file up to this size is read before it is sent, and not while. */
const HELD_BYTES = 1024 * 1024

/** What is wrong is said in a sentence, with exit code 1. */
export async function publish(folder: string, container: string, args: PublishArguments): Promise<void> {
  const who = signInOf(args, 'who publishes?')
  if ('problem' in who) return complain(who.problem)
  if (container.includes('/')) return complain(`${container} is no name of a container: it has a slash in it`)
  if (args.maxAge !== undefined && !/^\d{1,9}$/.test(args.maxAge)) {
    return complain(`--max-age is a number of seconds, and not ${args.maxAge}`)
  }
  const site = await filesBelow(folder).catch((error: NodeJS.ErrnoException) => error)
  if (site instanceof Error) return complain(`${folder} cannot be read (${site.code ?? site.message})`)
  try {
    const account = await SwiftAccount.open(who)
    try {
      await publishTo(account, container, site, args)
    } finally {
      await account.close()
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    complain(error.message)
  }
}

async function publishTo(
  account: SwiftAccount,
  container: string,
  site: SiteFolder,
  args: PublishArguments,
): Promise<void> {
  tellWhatIsMissing(site, args)
  const listed = await objectsOf(account, container)
  const local = await mapInTurns(site.files, async (file) => ({ file, facts: await factsOf(file) }))
  const plan = planOf(local, args.all === true ? listed.map(asChanged) : listed)
  if (args.dryRun === true) return tellPlan(plan, args)
  await account.must('PUT', container)
  const display = new PublishDisplay(plan.uploads)
  await uploadAll(account, container, plan.uploads, args, display)
  await openSite(account, container, site, args)
  if (args.delete === true) await deleteAll(account, container, plan.surplus, display)
  display.end()
  tellOutcome(plan, args)
  say(`${account.urlOf(container)}/`)
}

function asChanged(object: ListedObject): ListedObject {
  return { ...object, hash: '' }
}

async function objectsOf(account: SwiftAccount, container: string): Promise<readonly ListedObject[]> {
  const { status } = await account.ask('HEAD', container, undefined)
  const objects: ListedObject[] = []
  if (status !== 404) for await (const object of account.list(container)) objects.push(object)
  return objects
}

function tellWhatIsMissing({ files, leftOut }: SiteFolder, args: PublishArguments): void {
  const index = args.index ?? INDEX
  if (args.listings !== true && !files.some(({ name }) => name === index)) {
    warn(`there is no ${index}: visitors of the site itself will be told that nothing is there`)
  }
  if (leftOut.length > 0) warn(`not published, for they are hidden or no files: ${leftOut.join(', ')}`)
}

async function uploadAll(
  account: SwiftAccount,
  container: string,
  uploads: readonly Upload[],
  args: PublishArguments,
  display: PublishDisplay,
): Promise<void> {
  await mapInTurns(uploads, async (upload) => {
    await uploadOne(account, container, upload, args)
    display.uploaded(upload)
  })
}

async function uploadOne(
  account: SwiftAccount,
  container: string,
  { file, facts }: Upload,
  { maxAge }: PublishArguments,
): Promise<void> {
  const held = facts.sizeBytes <= HELD_BYTES ? await readFile(file.path) : undefined
  const answer = await account.ask('PUT', container, file.name, {
    headers: {
      'content-type': facts.contentType,
      'content-length': String(facts.sizeBytes),
      // The cluster refuses anything but what was read when the plan was made.
      etag: facts.etag,
      ...(maxAge === undefined ? {} : { 'cache-control': `public, max-age=${maxAge}` }),
    },
    body: () => held ?? createReadStream(file.path, { end: facts.sizeBytes - 1 }),
  })
  if (answer.status === 201) return
  const changed = answer.status === 422 ? '; it changes while it is being published' : ''
  throw new Refused(`${file.name} was answered ${answer.status}${changed}`, answer.status)
}

/** From now on it is a website. Comes after the uploads: a site is seen whole or not at all. */
async function openSite(
  account: SwiftAccount,
  container: string,
  { files }: SiteFolder,
  args: PublishArguments,
): Promise<void> {
  const { headers: before } = await account.must('HEAD', container)
  const readAcl = before['x-container-read']
  const suffix = args.errorPages ?? errorSuffixOf(files.map(({ name }: SiteFile) => name))
  const { etag_quoter: quotesEtags } = await account.capabilities()
  await account.must('POST', container, undefined, {
    headers: {
      'x-container-read': openedReadAcl(
        typeof readAcl === 'string' ? readAcl : '',
        args.listings === true ? 'shown' : 'hidden',
      ),
      'x-container-meta-web-index': args.index ?? INDEX,
      ...(suffix === undefined ? {} : { 'x-container-meta-web-error': suffix }),
      ...(args.listings === true ? { 'x-container-meta-web-listings': 'true' } : {}),
      // Caches that keep to the letter of HTTP want their ETags in quotes.
      ...(quotesEtags === undefined ? {} : { 'x-container-rfc-compliant-etags': 'true' }),
    },
  })
}

async function deleteAll(
  account: SwiftAccount,
  container: string,
  names: readonly string[],
  display: PublishDisplay,
): Promise<void> {
  await mapInTurns(names, async (name) => {
    const { status } = await account.ask('DELETE', container, name)
    if (status !== 204 && status !== 404)
      throw new Refused(`DELETE of ${name} was answered ${status}`, status)
    display.deleted(name)
  })
}

function tellPlan({ uploads, surplus, unchanged }: Plan, args: PublishArguments): void {
  for (const { file, facts } of uploads) say(`would upload  ${file.name}  (${facts.contentType})`)
  if (args.delete === true) for (const name of surplus) say(`would delete  ${name}`)
  say(`${amount(unchanged)} unchanged`)
}

function tellOutcome({ uploads, surplus, unchanged }: Plan, args: PublishArguments): void {
  const parts = [`${amount(uploads.length)} uploaded`, `${amount(unchanged)} unchanged`]
  if (args.delete === true) parts.push(`${amount(surplus.length)} deleted`)
  else if (surplus.length > 0)
    parts.push(`${amount(surplus.length)} no longer in the folder (--delete removes them)`)
  say(parts.join(', '))
}

/** Keeps the order of what is begun, a few at a time; the first that fails ends it. */
async function mapInTurns<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at] as Item)
  }
  const worked = Array.from({ length: UPLOADS_AT_ONCE }, worker)
  await Promise.all(worked).finally(() => {
    next = items.length
  })
  return results
}
