/** What makes a run the run it is, on a command line: as it is read, and as it is printed for whoever runs it again. */
import type { ParseArgsConfig } from 'node:util'
import type { SimulationOptions } from './simulation.ts'

/** All that decides what happens in a run, besides its seed and a broken variant. */
export type RunChoices = Pick<
  SimulationOptions,
  | 'operations'
  | 'faults'
  | 'onlyFaults'
  | 'racePercent'
  | 'chainPercent'
  | 'featurePercent'
  | 'onlyFeatures'
  | 'absence'
  | 'workersOff'
>

/** For `parseArgs`. */
export const RUN_OPTIONS = {
  operations: { type: 'string' },
  faults: { type: 'string' },
  'only-faults': { type: 'string' },
  races: { type: 'string' },
  chains: { type: 'string' },
  features: { type: 'string' },
  'only-features': { type: 'string' },
  absence: { type: 'string' },
  'workers-off': { type: 'string' },
} as const satisfies ParseArgsConfig['options']

export const RUN_USAGE = `  --operations N     clients' operations of a run
  --faults N         how many things go wrong
  --only-faults LIST these alone, with commas between them
  --races P          P of 100 operations are races of conditional writes
  --chains P         P of 100 operations are links of chains of conditional writes
  --features P       P of 100 operations are of the store's features and of containers that come and go
  --only-features LIST of versions, archives, large, uploads, quotas
  --absence WHEN     always or never: whether a machine is away for more than a week; else the seed decides
  --workers-off LIST workers that do not run
`

type RunValues = { readonly [Name in keyof typeof RUN_OPTIONS]?: string | undefined }

/** Rejects what makes no sense, by name. */
export function choicesOf(values: RunValues): RunChoices {
  const { absence } = values
  if (absence !== undefined && absence !== 'always' && absence !== 'never')
    throw new RangeError('--absence is "always" or "never"')
  return {
    ...numberFor('operations', values.operations),
    ...numberFor('faults', values.faults),
    ...numberFor('racePercent', values.races),
    ...numberFor('chainPercent', values.chains),
    ...numberFor('featurePercent', values.features),
    ...(values['only-faults'] === undefined ? {} : { onlyFaults: listOf(values['only-faults']) }),
    ...(values['only-features'] === undefined ? {} : { onlyFeatures: listOf(values['only-features']) }),
    ...(absence === undefined ? {} : { absence }),
    ...(values['workers-off'] === undefined ? {} : { workersOff: listOf(values['workers-off']) }),
  }
}

/** The command that does exactly the same again. `mutant`: name of the broken variant that ran. */
export function replayCommand(seed: number, choices: RunChoices, mutant: string | undefined): string {
  const { operations, faults, onlyFaults, racePercent, chainPercent, featurePercent } = choices
  const { onlyFeatures, absence, workersOff } = choices
  const program =
    mutant === undefined ? 'npm run sim --' : `MUTANT='${mutant}' node --import ./sim/mutate.ts sim/main.ts`
  return [
    `${program} --seed ${seed}`,
    ...written('operations', operations),
    ...written('faults', faults),
    ...written('only-faults', onlyFaults?.join(',')),
    ...written('races', racePercent),
    ...written('chains', chainPercent),
    ...written('features', featurePercent),
    ...written('only-features', onlyFeatures?.join(',')),
    ...written('absence', absence),
    ...written('workers-off', workersOff?.join(',')),
  ].join(' ')
}

function written(name: keyof typeof RUN_OPTIONS, value: string | number | undefined): readonly string[] {
  if (value === undefined) return []
  const text = String(value)
  return [`--${name} ${/^[\w,.-]+$/.test(text) ? text : `'${text}'`}`]
}

function numberFor<Name extends string>(name: Name, text: string | undefined): Partial<Record<Name, number>> {
  if (text === undefined) return {}
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`"${text}" is no number`)
  return { [name]: value } as Partial<Record<Name, number>>
}

function listOf(text: string): readonly string[] {
  return text.split(',').filter((one) => one !== '')
}
