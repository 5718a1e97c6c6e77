/** Which names a backend takes for its channels or events. */
export interface NameRule {
  readonly pattern: RegExp;
  /** In characters (UTF-16 code units). */
  readonly maxLength: number;
  /** The rule in words, for the error message: `letters, digits and _ - = @ , . ;`. */
  readonly allowed: string;
}
