/** Where a server listens. */
export interface ListeningAddress {
  readonly host: string;
  readonly port: number;
}
