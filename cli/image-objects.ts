/** `martlet image adopt` and `martlet image export`: objects become images and images objects, without a copy. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ImageClient, propertiesOf, type Told } from './image-client.ts'
import { complain, say } from './report.ts'
import { type SignInArguments, signInOf } from './sign-in.ts'
import { Refused, SwiftAccount } from './swift-account.ts'

export interface ImageAdoptArguments extends SignInArguments {
  readonly name?: string
  readonly diskFormat?: string
  readonly containerFormat?: string
  /** `name=value`, each. */
  readonly property?: readonly string[]
}

export interface ImageExportArguments extends SignInArguments {
  readonly overwrite?: boolean
}

/** The cluster reads the bytes once before the image is active. */
const POLL_MS = 500

/** Prints the image's id when it is active. What is wrong is said in a sentence, with exit code 1. */
export async function adoptObject(path: string, args: ImageAdoptArguments): Promise<void> {
  await withImages(args, async (images, account) => {
    const id = await images.create({
      ...propertiesOf(args.property),
      name: args.name ?? path.slice(path.lastIndexOf('/') + 1),
      disk_format: args.diskFormat ?? 'raw',
      container_format: args.containerFormat ?? 'bare',
    })
    const url = addressOf(account, path)
    const begun = await ask(images, `/v2/images/${id}/locations`, { url })
    if (begun.status !== 202) throw new Refused(`the object was refused: ${begun.text}`, begun.status)
    for (let status = 'saving'; status !== 'active'; status = await statusOf(images, id)) {
      if (status === 'queued')
        throw new Refused(`the object did not become image ${id}; its format may differ`, 0)
      await sleep(POLL_MS)
    }
    say(id)
  })
}

/** Prints the object's address. */
export async function exportImage(id: string, path: string, args: ImageExportArguments): Promise<void> {
  await withImages(args, async (images, account) => {
    const url = addressOf(account, path)
    const made = await ask(images, `/v2/images/${id}/objects`, { url, overwrite: args.overwrite ?? false })
    if (made.status !== 201) throw new Refused(`the object was not made: ${made.text}`, made.status)
    say(url)
  })
}

async function withImages(
  args: SignInArguments,
  work: (images: ImageClient, account: SwiftAccount) => Promise<void>,
): Promise<void> {
  const who = signInOf(args, 'whose image is it?')
  if ('problem' in who) return complain(who.problem)
  try {
    const account = await SwiftAccount.open(who)
    const images = ImageClient.of(account)
    try {
      await work(images, account)
    } finally {
      await images.close()
      await account.close()
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    complain(error.message)
  }
}

function ask(images: ImageClient, path: string, body: object): Promise<Told> {
  return images.ask('POST', path, { 'content-type': 'application/json' }, Buffer.from(JSON.stringify(body)))
}

async function statusOf(images: ImageClient, id: string): Promise<string> {
  const { status, text } = await images.ask('GET', `/v2/images/${id}`, {})
  if (status !== 200) throw new Refused(`the image cannot be shown: ${text}`, status)
  return String((JSON.parse(text) as { readonly status: unknown }).status)
}

function addressOf({ storageUrl }: SwiftAccount, path: string): string {
  const account = storageUrl.slice(storageUrl.lastIndexOf('/') + 1)
  const slash = path.indexOf('/')
  if (slash < 1 || slash === path.length - 1) throw new Refused('an object is written CONTAINER/OBJECT', 0)
  return `swift://${account}/${path.split('/').map(encodeURIComponent).join('/')}`
}
