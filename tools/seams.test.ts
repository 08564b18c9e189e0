/**
 * Production code reaches time, chance, files and sockets only through what it was given. Without that no simulation
 * could replay a run from its seed; so whoever goes around a seam is named here, with the way through it.
 */
import t from 'tap'
import { LAYERS } from './layers.ts'
import { SEAMS } from './seams.ts'
import { isForTests, type SourceFile, sourceFiles } from './source-files.ts'

/** Rooms for people, where nothing is simulated. */
const PEOPLE_LAYER = 6

const files = sourceFiles()
const watched = files.filter((file) => !isForTests(file.path) && (LAYERS[file.room] ?? 0) < PEOPLE_LAYER)

/** The lines with comments blanked, so that a sentence about a clock is not a clock. */
function codeLines(file: SourceFile): readonly string[] {
  const blank = (comment: string): string => comment.replace(/[^\n]/g, ' ')
  return file.text
    .replace(/\/\*[\s\S]*?\*\//g, blank)
    .replace(/(^|[^:'"`])\/\/.*$/gm, blank)
    .split('\n')
}

for (const seam of SEAMS) {
  void t.test(`nobody goes around the seam for ${seam.what}`, async (t) => {
    const around = watched
      .filter((file) => !(file.path in seam.allowed))
      .flatMap((file) =>
        codeLines(file).flatMap((line, at) =>
          seam.pattern.test(line) ? [`${file.path}:${at + 1}: use ${seam.instead}: ${line.trim()}`] : [],
        ),
      )
    t.same(around, [])
  })

  void t.test(`every exception for ${seam.what} is still needed`, async (t) => {
    for (const [path, reason] of Object.entries(seam.allowed)) {
      const file = files.find((candidate) => candidate.path === path)
      t.ok(reason.length > 0 && file !== undefined, `${path} exists`)
      t.ok(
        file !== undefined && codeLines(file).some((line) => seam.pattern.test(line)),
        `${path} uses ${seam.what}`,
      )
    }
  })
}
