import t from 'tap'
import { type Configuration, readConfiguration, type WrongConfiguration } from './configuration.ts'

function right(configuration: Configuration | WrongConfiguration): Configuration {
  if ('problems' in configuration) throw new Error(configuration.problems.join('; '))
  return configuration
}

function problems(toml: string): readonly string[] {
  const configuration = readConfiguration(toml)
  return 'problems' in configuration ? configuration.problems : []
}

t.test('an empty file gives every default', async (t) => {
  const { settings, policies } = right(readConfiguration(''))
  t.match(settings, { proxy: { host: '127.0.0.1', port: 8080 }, start: { devices: 4, replicas: 3 } })
  t.equal(settings.auth.tokenLifeMs, 86_400_000)
  t.equal(policies.default.name, 'Policy-0')
  t.ok(Object.isFrozen(settings) && Object.isFrozen(settings.proxy))
})

t.test('what the command line says stands above the file', async (t) => {
  const { settings } = right(
    readConfiguration('[proxy]\nport = 1\nhost = "::"\n', { proxy: { port: '9000' } }),
  )
  t.match(settings.proxy, { port: 9000, host: '::' })
})

t.test('policies are read as in Swift', async (t) => {
  const toml =
    '[[policy]]\nindex = 0\nname = "gold"\n[[policy]]\nindex = 3\nname = "cheap"\ndefault = true\naliases = ["tin"]\n'
  const { policies } = right(readConfiguration(toml))
  t.equal(policies.default.index, 3)
  t.equal(policies.byName('TIN')?.index, 3)
})

t.test('everything that is wrong is named, all at once', async (t) => {
  t.match(problems('[proxy]\ncolour = 1\n[storage]\nreplicas = 4\nmount_check = "perhaps"\n'), [
    /\[proxy\] unknown option colour/,
    /\[storage\] unknown option replicas/,
    /\[storage\] option mount_check: "perhaps" is not true or false/,
  ])
  t.match(problems('[proxi]\nport = 1\n'), [/unknown section \[proxi\] \(did you mean \[proxy\]\?\)/])
  t.match(problems('proxy = 3\n'), [/proxy is a section/])
  t.match(problems('a = = b'), [/line 1 is not TOML/])
  t.match(problems('[proxy]\nmemcached = ["nowhere"]\n'), [/\[proxy\] option memcached/])
})

t.test('policies that cannot be are named', async (t) => {
  t.match(problems('[policy]\nindex = 0\n'), [/written \[\[policy\]\]/])
  t.match(problems('[[policy]]\nindex = 0\nname = "a"\ncolour = 1\n'), [/number 1: unknown option colour/])
  t.match(problems('[[policy]]\nindex = "0"\nname = "a"\n'), [/number 1: option index has a wrong value/])
  t.match(problems('[[policy]]\nindex = 0\n'), [/number 1: option name is missing/])
  t.match(problems('[[policy]]\nindex = 0\nname = "a"\ntype = "erasure_coding"\n'), [/erasure_coding/])
})
