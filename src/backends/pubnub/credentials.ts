import { REDACTED } from '../../redaction.js';

/** What the SDK puts into addresses: made of the secret key, or as good as it. */
const inAddress = /\b(signature|auth|timestamp)=[^&\s"'#]*/gi;

/** A signature, version 2, as it stands alone in what PubNub says. */
const bareSignature = /(?<![\w-])v2\.[\w-]{43}(?![\w-])=?/g;

/** Replaces signatures and tokens in a text. */
export function withoutCredentials(text: string): string {
  return text.replace(inAddress, `$1=${REDACTED}`).replace(bareSignature, REDACTED);
}
