/** Loaded before everything else (`node --import`): breaks the code in the way that the variable `MUTANT` names. */
import { registerHooks } from 'node:module'
import { MUTANTS } from './mutants.ts'
import { RECORDED_MUTANTS } from './recorded-mutants.ts'

const ROOT = new URL('../', import.meta.url)
const mutant = [...MUTANTS, ...RECORDED_MUTANTS].find(({ name }) => name === process.env['MUTANT'])
if (mutant === undefined) throw new Error(`there is no variant ${process.env['MUTANT']}`)
const edits = Map.groupBy(mutant.edits, ({ file }) => new URL(file, ROOT).href)

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const wanted = edits.get(url)
    if (wanted === undefined) return loaded
    let source = String(loaded.source)
    for (const { file, find, replace } of wanted) {
      const places = source.split(find).length - 1
      if (places !== 1)
        throw new Error(`${file}: the text of a broken variant is there ${places} times: ${find}`)
      source = source.replace(find, () => replace)
    }
    return { ...loaded, source }
  },
})
