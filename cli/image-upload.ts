/**
 * `martlet image upload FILE`: makes an image of a file, and goes on by itself when the connection breaks: the cluster keeps
 * every byte that it has (`docs/images.md`, "Uploads that can be resumed"). Broken off and called again with `--id`, it goes
 * on as well.
 */
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FormatInspector } from '#images/formats/inspector.ts'
import { ImageClient, propertiesOf } from './image-client.ts'
import { barText } from './pass-display.ts'
import { durationText, sizeText } from './readable.ts'
import { complain, say } from './report.ts'
import { type SignInArguments, signInOf } from './sign-in.ts'
import { Refused, SwiftAccount } from './swift-account.ts'

export interface ImageUploadArguments extends SignInArguments {
  readonly name?: string
  readonly diskFormat?: string
  readonly containerFormat?: string
  readonly visibility?: string
  /** Goes on with an image that was begun. */
  readonly id?: string
  /** `name=value`, each. */
  readonly property?: readonly string[]
}

const HEAD_BYTES = 384 * 1024
/** Without a byte of progress it is tried so often, each time after a longer pause. */
const TRIES = 8
const FIRST_PAUSE_MS = 250
const DRAW_MS = 100

/** Prints the image's id. What is wrong is said in a sentence, with exit code 1. */
export async function uploadImageFile(path: string, args: ImageUploadArguments): Promise<void> {
  const who = signInOf(args, 'whose image is it?')
  if ('problem' in who) return complain(who.problem)
  const file = await stat(path).catch((error: NodeJS.ErrnoException) => error)
  if (file instanceof Error) return complain(`${path} cannot be read (${file.code ?? file.message})`)
  try {
    const account = await SwiftAccount.open(who)
    const images = ImageClient.of(account)
    const id = args.id ?? (await images.create(await descriptionOf(path, args)))
    await new FileUpload(images, id, path, file.size).run()
    await images.close()
    await account.close()
    say(id)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    complain(error.message)
  }
}

async function descriptionOf(path: string, args: ImageUploadArguments): Promise<Record<string, unknown>> {
  return {
    ...propertiesOf(args.property),
    name: args.name ?? basename(path),
    disk_format: args.diskFormat ?? (await formatOf(path)),
    container_format: args.containerFormat ?? 'bare',
    ...(args.visibility === undefined ? {} : { visibility: args.visibility }),
  }
}

/** What the file looks like; a partitioned disk is a raw one. */
async function formatOf(path: string): Promise<string> {
  const file = await open(path)
  try {
    const head = Buffer.alloc(HEAD_BYTES)
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0)
    const inspector = new FormatInspector()
    inspector.update(head.subarray(0, bytesRead))
    const { name } = inspector.inspect().format
    return name === 'gpt' ? 'raw' : name
  } finally {
    await file.close()
  }
}

class FileUpload {
  readonly #images: ImageClient
  readonly #id: string
  readonly #path: string
  readonly #sizeBytes: number
  readonly #startedMs = performance.now()
  readonly #isTerminal = process.stderr.isTTY
  #drawnMs = 0

  constructor(images: ImageClient, id: string, path: string, sizeBytes: number) {
    this.#images = images
    this.#id = id
    this.#path = path
    this.#sizeBytes = sizeBytes
  }

  /** Rejects with `Refused` when the cluster does not want it, or cannot be reached for long. */
  async run(): Promise<void> {
    let reached = -1
    for (let failures = 0; ; ) {
      const outcome = await this.#once().catch((error: Error) => error)
      if (outcome === 'done') break
      const isFurther = typeof outcome === 'number' && outcome > reached
      if (isFurther) reached = outcome
      failures = isFurther ? 0 : failures + 1
      if (outcome instanceof Refused && outcome.status < 500) throw outcome
      if (failures === TRIES)
        throw new Refused(`the upload was given up after ${TRIES} tries; go on with --id ${this.#id}`, 0)
      await sleep(FIRST_PAUSE_MS * 2 ** failures)
    }
    this.#clear()
  }

  /** One connection; how far it came, if not to the end. */
  async #once(): Promise<'done' | number> {
    const { status, offset = 0, text } = await this.#images.ask('GET', `/v2/images/${this.#id}/upload`, {})
    if (status !== 200) throw new Refused(`the upload cannot go on: ${text}`, status)
    const range = `bytes ${offset}-${Math.max(offset, this.#sizeBytes - 1)}/${this.#sizeBytes}`
    const headers = { 'content-type': 'application/octet-stream', 'content-range': range }
    const told = await this.#images
      .ask('PUT', `/v2/images/${this.#id}/file`, headers, this.#bytesFrom(offset))
      .catch(() => undefined)
    if (told === undefined || told.status === 409 || told.status >= 499) return offset
    if (told.status === 204) return 'done'
    throw new Refused(`the image was refused: ${told.text}`, told.status)
  }

  async *#bytesFrom(offset: number): AsyncGenerator<Buffer> {
    let sent = offset
    if (offset === this.#sizeBytes) return
    for await (const chunk of createReadStream(this.#path, { start: offset, end: this.#sizeBytes - 1 })) {
      sent += (chunk as Buffer).length
      yield chunk as Buffer
      this.#draw(sent)
    }
  }

  #draw(sent: number): void {
    const nowMs = performance.now()
    if (!this.#isTerminal || nowMs - this.#drawnMs < DRAW_MS) return
    this.#drawnMs = nowMs
    const share = this.#sizeBytes === 0 ? 1 : sent / this.#sizeBytes
    const seconds = (nowMs - this.#startedMs) / 1000
    const figures = `${sizeText(sent)} of ${sizeText(this.#sizeBytes)}, ${sizeText(sent / seconds)}/s, ${durationText(seconds)}`
    process.stderr.write(`\r\u001b[2K${barText(share)} ${figures}`.slice(0, process.stderr.columns + 4))
  }

  #clear(): void {
    if (this.#isTerminal) process.stderr.write('\r\u001b[2K')
  }
}
