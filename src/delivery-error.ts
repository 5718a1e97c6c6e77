import { type DeliveryOutcome, PushError, type PushErrorOptions } from './errors.js';
import type { SendReport } from './report.js';

/** A message was not accepted, or it is not known whether it was. */
export class DeliveryError extends PushError {
  readonly outcome: DeliveryOutcome;
  /** The report of the `send` that failed; undefined on the error of a single channel. */
  readonly report: SendReport | undefined;
  /** One report for each message of a `sendMany` that failed as a whole. */
  readonly reports: readonly SendReport[];

  constructor(
    message: string,
    options: PushErrorOptions & { outcome: DeliveryOutcome; reports?: readonly SendReport[] | undefined },
  ) {
    super(message, 'DELIVERY', options);
    this.outcome = options.outcome;
    this.reports = options.reports ?? [];
    this.report = this.reports[0];
  }
}
