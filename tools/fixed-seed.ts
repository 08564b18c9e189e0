/**
 * Loaded before every test file (`.taprc`): in CI, property tests draw the same cases each time, so that the same tree gets
 * the same verdict. Elsewhere each run draws others; what one of them finds is told with its seed and path.
 */
import fc from 'fast-check'

const CI_SEED = 20_261_121

if (process.env['MARTLET_CI'] !== undefined) fc.configureGlobal({ seed: CI_SEED })
