/**
 * A function whose modules are loaded when it is called first: whoever starts a program does not wait for what few requests
 * need. Calls that come meanwhile wait for the same loading; one that fails is tried again with the next call.
 */
export function late<Input extends readonly unknown[], Output>(
  load: () => Promise<(...input: Input) => Promise<Output>>,
): (...input: Input) => Promise<Output> {
  let loaded: ((...input: Input) => Promise<Output>) | undefined
  let loading: Promise<void> | undefined
  const begin = async (): Promise<void> => {
    try {
      loaded = await load()
    } finally {
      loading = undefined
    }
  }
  const wait = async (...input: Input): Promise<Output> => {
    loading ??= begin()
    await loading
    return call(...input)
  }
  const call = (...input: Input): Promise<Output> => (loaded ?? wait)(...input)
  return call
}
