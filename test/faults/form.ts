/** Whether the short form runs, which `.ci/run` does. `npm run test:faults` runs the long one. */
const isShort: boolean = process.env['FAULTS'] === 'short';

/** Takes one of two values, by the form that runs. */
export function inForm<Value>(forms: { readonly short: Value; readonly long: Value }): Value {
  return isShort ? forms.short : forms.long;
}
