import { REDACTED } from '../../redaction.js';

/** What the SDK puts into addresses: made of the secret key, or as good as it. */
const inAddress = /\b(signature|auth|timestamp)=[^&\s"'#]*/gi;

/** A signature, version 2, as it stands alone in what PubNub says. */
const bareSignature = /(?<![\w-])v2\.[\w-]{43}(?![\w-])=?/g;

/** Shorter ones are only recognised when they are the whole text: within a longer one they may be there by chance. */
const MIN_EMBEDDED_LENGTH = 6;

/** Replaces signatures and tokens in a text, and the values of the options that are secret. */
export function withoutCredentials(text: string, secrets: readonly (string | undefined)[]): string {
  let result = text.replace(inAddress, `$1=${REDACTED}`).replace(bareSignature, REDACTED);
  for (const secret of secrets) {
    if (secret === undefined) continue;
    if (result === secret) return REDACTED;
    if (secret.length >= MIN_EMBEDDED_LENGTH)
      result = result.replaceAll(secret, REDACTED).replaceAll(encodeURIComponent(secret), REDACTED);
  }
  return result;
}
