/** What the SDK hands to its transport. */
export interface TransportRequest {
  readonly path: string;
  /** The `requestid` in the address. */
  readonly identifier: string;
  cancellable: boolean;
  /** In seconds; what is a thousand times as much has to be a whole number. */
  timeout: number;
}

export interface TransportResponse {
  readonly status: number;
  readonly body?: ArrayBuffer;
}

/** The innermost part of the SDK that we touch: `client.transport`, the same in versions 11 and 12. */
export interface SdkTransport {
  makeSendable(
    request: TransportRequest,
  ): [sent: Promise<TransportResponse>, controller: { abort(reason: string): void } | undefined];
}
