/**
 * The lock of a state file as Terraform's and OpenTofu's backend for S3 has it (`use_lockfile`): an object that is put with
 * `If-None-Match: *`, says who holds the lock, and is deleted by whoever put it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'

const HELD = 412
/** It could not be settled who has it: AWS says to ask again. */
const UNSETTLED = 409
const AGAIN_MS = 50
const TRIES = 100

export type Attempt = { readonly kind: 'locked' } | { readonly kind: 'held_by'; readonly id: string }

export class StateLock {
  readonly #client: S3Client
  readonly #place: { readonly Bucket: string; readonly Key: string }

  /** `state` is the key of the state file. */
  constructor(client: S3Client, bucket: string, state: string) {
    this.#client = client
    this.#place = { Bucket: bucket, Key: `${state}.tflock` }
  }

  /** Tries to take the lock; tells who has it where somebody has. */
  async lock(id: string): Promise<Attempt> {
    for (let tries = 1; ; tries += 1) {
      const status = await this.#put(id)
      if (status === 200) return { kind: 'locked' }
      if (status === HELD) {
        const holder = await this.holder()
        // An attempt that could not be settled, or whose answer was lost, may have come to its end meanwhile.
        return holder === id ? { kind: 'locked' } : { kind: 'held_by', id: holder ?? '' }
      }
      if (status !== UNSETTLED || tries === TRIES) throw new Error(`the lock was answered with ${status}`)
      await sleep(AGAIN_MS)
    }
  }

  /** The status that the put comes to. */
  async #put(id: string): Promise<number | undefined> {
    const info = { ID: id, Operation: 'OperationTypeApply', Who: 'somebody@somewhere', Path: this.#place.Key }
    const put = new PutObjectCommand({
      ...this.#place,
      Body: JSON.stringify(info),
      ContentType: 'application/json',
      ChecksumAlgorithm: 'SHA256',
      IfNoneMatch: '*',
    })
    try {
      return (await this.#client.send(put)).$metadata.httpStatusCode
    } catch (error) {
      if (!(error instanceof S3ServiceException)) throw error
      return error.$metadata.httpStatusCode
    }
  }

  /** `undefined` when nobody holds it. */
  async holder(): Promise<string | undefined> {
    try {
      const got = await this.#client.send(new GetObjectCommand(this.#place))
      const info = JSON.parse((await got.Body?.transformToString()) ?? '') as { readonly ID: string }
      return info.ID
    } catch (error) {
      if (error instanceof S3ServiceException && error.name === 'NoSuchKey') return undefined
      throw error
    }
  }

  /** Only who holds it may. */
  async unlock(id: string): Promise<void> {
    const holder = await this.holder()
    if (holder !== id) throw new Error(`the lock is held by ${holder}, not by ${id}`)
    await this.#client.send(new DeleteObjectCommand(this.#place))
  }
}
