/** What the subcommands of `martlet ring` share: their surroundings, and how a mistake of the operator ends them. */
import { type Command, InvalidArgumentError } from 'commander'
import type { Environment } from '#base/environment.ts'
import type { Builder, Refusal } from '#ring/builder.ts'
import type { RingDevice } from '#ring/device.ts'
import { parseDeviceQuery, searchDevices } from '#ring/device-search.ts'
import { loadBuilder, OperatorError, saveBuilder } from './ring-files.ts'

/** What the command needs: where it reads and writes, and what it prints with. */
export interface RingCommandContext {
  readonly environment: Pick<Environment, 'clock' | 'disk' | 'random'>
  /** Prints one answer; a line break is added. */
  readonly print: (text: string) => void
}

/** Turns an `OperatorError` into commander's way of ending: one line on standard error, exit code 1. */
export function action<Arguments extends unknown[]>(
  command: Command,
  run: (...args: Arguments) => Promise<void>,
): void {
  command.action(async (...args: unknown[]) => {
    try {
      await run(...(args as Arguments))
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error
      command.error(`error: ${error.message}`, { exitCode: 1 })
    }
  })
}

/** The result of a change, or its refusal as an error. */
export function accepted<T extends { readonly kind: string }>(result: T | Refusal): Exclude<T, Refusal> {
  if (result.kind === 'refused') throw new OperatorError((result as Refusal).reason)
  return result as Exclude<T, Refusal>
}

/** Parses an argument that is a number. */
export function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It is not a number.')
  return value
}

/** Changes the builder in a file. A refused change leaves the file as it is. */
export async function edit(
  context: RingCommandContext,
  path: string,
  change: (builder: Builder) => Builder | Refusal,
): Promise<Builder> {
  const { disk } = context.environment
  const builder = accepted(change(await loadBuilder(disk, path)))
  await saveBuilder(disk, path, builder)
  return builder
}

export const SEARCH_HELP = 'such as d3 (id), r1z2, 10.0.0.1, 10.0.0.1:6200/sdb1, _text of meta'

/** The devices a search means; none is a mistake. */
export function find(builder: Builder, search: string): RingDevice[] {
  const query = parseDeviceQuery(search)
  if (query === undefined) throw new OperatorError(`${search} is not a search; ${SEARCH_HELP}`)
  const found = searchDevices(builder.devices, query)
  if (found.length === 0) throw new OperatorError(`no device matches ${search}`)
  return found
}

/** All devices, without the holes. */
export function present(builder: Builder): RingDevice[] {
  return builder.devices.filter((device) => device !== undefined)
}
