/**
 * The rooms and the direction of imports, as `docs/architecture.md` draws them: every import is read, and one that
 * points the wrong way is named.
 */
import t from 'tap'
import { LAYERS } from './layers.ts'
import { importsOf, isForTests, resolved, type SourceFile, sourceFiles } from './source-files.ts'

const files = sourceFiles()
const paths = new Set(files.map((file) => file.path))

/** What is wrong with one import; `undefined` when nothing is. */
function wrongArrow(file: SourceFile, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return wrongRelative(file, specifier)
  if (specifier.startsWith('#')) return wrongCrossing(file, specifier)
  return undefined
}

function wrongRelative(file: SourceFile, specifier: string): string | undefined {
  const target = resolved(file, specifier)
  if (!target.startsWith(`${file.room}/`)) return `${specifier} leaves ${file.room}/: write #${target}`
  // Whether data is there the compiler says.
  return paths.has(target) || target.endsWith('.json') ? undefined : `${specifier} does not exist`
}

function wrongCrossing(file: SourceFile, specifier: string): string | undefined {
  const target = specifier.slice(1)
  const room = target.slice(0, target.indexOf('/'))
  const from = LAYERS[file.room]
  const to = LAYERS[room]
  if (to === undefined) return `${specifier} names no room of tools/layers.ts`
  if (!paths.has(target)) return `${specifier} does not exist`
  if (room === file.room) return isInSubfolder(file) ? undefined : `${specifier} stays in ${room}/: write ./`
  if (from !== undefined && to < from) return undefined
  return `${file.room}/ (layer ${from}) may not import from ${room}/ (layer ${to})`
}

/** From a subfolder, the room's own name reads better than a row of dots. */
function isInSubfolder(file: SourceFile): boolean {
  return file.path.split('/').length > 2
}

void t.test('every room has a layer', async (t) => {
  for (const room of new Set(files.map((file) => file.room)))
    t.ok(room in LAYERS, `${room}/ in tools/layers.ts`)
})

void t.test('imports point to lower layers only', async (t) => {
  const wrong = files.flatMap((file) =>
    importsOf(file).flatMap(({ specifier, line }) => {
      const why = wrongArrow(file, specifier)
      return why === undefined ? [] : [`${file.path}:${line}: ${why}`]
    }),
  )
  t.same(wrong, [])
})

void t.test('the program does not import what exists for tests', async (t) => {
  const wrong = files
    .filter((file) => !isForTests(file.path) && (LAYERS[file.room] ?? 0) < 6)
    .flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) => isForTests(specifier) || specifier === 'tap' || specifier === 'fast-check')
        .map(({ specifier, line }) => `${file.path}:${line}: ${specifier}`),
    )
  t.same(wrong, [])
})

void t.test('no file or folder has a name that means nothing', async (t) => {
  const wrong = [...paths].filter((path) =>
    /(^|\/)(utils?|helpers?|common|misc|index)(\.test)?(\.ts|\/)/.test(path),
  )
  t.same(wrong, [])
})
