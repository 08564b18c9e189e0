/** The machine's own clock, chance, disk and stores: what every program gets in production. */
import type { Environment } from '#base/environment.ts'
import { realClock, realRandom } from '#base/real-clock.ts'
import { realDisk } from '#disk/real-disk.ts'
import { levelEngine } from '#kv/open-level.ts'

/** The real environment. */
export function realEnvironment(): Environment {
  return { clock: realClock, random: realRandom, disk: realDisk, kv: levelEngine(realDisk, realClock) }
}
