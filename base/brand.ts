/** Nominal types: a `string` that means something gets a name the compiler checks. */
declare const brand: unique symbol

export type Brand<T, Name extends string> = T & { readonly [brand]: Name }
