/** Settings as a DSN names them: nothing is checked yet but the form. */
export interface DsnSettings {
  backend: string;
  appId?: string;
  pubKey?: string;
  subKey?: string;
  secretKey?: string;
  useSsl?: boolean;
  timeout?: number;
  retries?: number;
  concurrency?: number;
  options?: Record<string, unknown>;
}
