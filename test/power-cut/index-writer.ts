/**
 * For `indexes.test.ts`: a device's first start, rows that change several at a time, a clean stop, a second start and the
 * rest. Prints `<row> <round>` when a change is acknowledged. Arguments: the directory, the kind of index, and how many rows
 * fill it before the second half.
 */
import { writeSync } from 'node:fs'
import { fillers, INDEXES, type IndexUnderTest, merge, ROUNDS, ROW_NAMES } from './indexes.ts'

const FILLERS_AT_ONCE = 1000

const [directory = '', kind = '', fill = '0'] = process.argv.slice(2)

async function work<Row>(under: IndexUnderTest<Row>): Promise<void> {
  const half = ROUNDS / 2
  const first = await under.open(directory, 'part_of_new_cluster')
  await change(under, first, 1, half)
  await first.close()
  const second = await under.open(directory, 'may_have_held_data')
  const rows = fillers(under, Number(fill))
  for (let at = 0; at < rows.length; at += FILLERS_AT_ONCE)
    await merge(second.index, under, rows.slice(at, at + FILLERS_AT_ONCE))
  await change(under, second, half + 1, ROUNDS)
  await second.close()
}

async function change<Row>(
  under: IndexUnderTest<Row>,
  { index }: Awaited<ReturnType<IndexUnderTest<Row>['open']>>,
  from: number,
  to: number,
): Promise<void> {
  await Promise.all(
    ROW_NAMES.map(async (name) => {
      for (let round = from; round <= to; round += 1) {
        await merge(index, under, [under.rowOf(name, round)])
        writeSync(1, `${name} ${round}\n`)
      }
    }),
  )
}

if (kind === 'accounts') await work(INDEXES.accounts)
else await work(INDEXES.containers)
