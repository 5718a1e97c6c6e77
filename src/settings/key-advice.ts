/** What the SDKs call a key of `PUSH_SERVER`. */
const namesElsewhere: Readonly<Record<string, readonly string[]>> = {
  pubKey: ['key', 'publishKey'],
  subKey: ['subscribeKey'],
  secretKey: ['secret', 'restKey', 'apiKey', 'restApiKey'],
  useSsl: ['useTLS', 'ssl', 'tls'],
};

/** Options of backends that are easily put beside them. */
const options = ['cluster', 'host', 'port', 'encryptionMasterKeyBase64', 'origin', 'userId', 'apiRoot', 'backends'];

/** What to do about keys that are no keys of `PUSH_SERVER`, for those who come from an SDK. */
export function keyAdvice(): ReadonlyMap<string, string> {
  const renamed = Object.entries(namesElsewhere).flatMap(([key, names]) =>
    names.map((name) => [name, `did you mean "${key}"?`] as const),
  );
  return new Map([...renamed, ...options.map((name) => [name, 'put it into "options"'] as const)]);
}
