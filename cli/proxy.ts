/** `martlet proxy`: the proxies of this host, behind one port. */
import { realEnvironment } from '#node/environment.ts'
import { readHostFiles } from '#node/host.ts'
import type { ProxyAssignment } from '#node/proxy-service.ts'
import { listenForPublic } from '#node/public-port.ts'
import { loadConfiguration } from './load-configuration.ts'
import { publicUrl } from './public-url.ts'
import { complain } from './report.ts'
import { supervise } from './supervise.ts'
import { version } from './version.ts'

const PROXY_MAIN = new URL('../node/proxy-main.ts', import.meta.url)

/** Runs until SIGTERM or Ctrl-C. */
export async function runProxy(args: { readonly config: string }): Promise<void> {
  const configuration = await loadConfiguration(args.config)
  if ('problem' in configuration) return complain(configuration.problem)
  const { settings, policyOptions } = configuration
  const files = await readHostFiles(realEnvironment(), settings)
  if ('failed' in files) return complain(files.failed)
  const port = await listenForPublic({ host: settings.proxy.host, port: settings.proxy.port })
  if ('failed' in port) return complain(port.failed)
  const { internalHost: host, internalPort, processes } = settings.proxy
  const names = Array.from({ length: processes }, (_, index) => `proxy-${index + 1}`)
  const assignments = names.map((name, index): ProxyAssignment => {
    return {
      ...files,
      name,
      settings,
      policyOptions,
      version: version(),
      internal: { host, port: internalPort + index },
    }
  })
  await supervise({
    configuration,
    main: PROXY_MAIN,
    programs: assignments.map((assignment) => ({
      name: assignment.name,
      assignment: async () => assignment,
    })),
    port,
    greeting: `Proxies are ready at ${publicUrl(settings, port.address)}`,
  })
}
