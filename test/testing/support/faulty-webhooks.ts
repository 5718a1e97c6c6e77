import {
  AuthenticationError,
  type BackendCapabilities,
  type WebhookEvent,
  type WebhookRequest,
} from '../../../src/index.js';
import { BusService } from './bus-service.js';

export class BelievesEverything extends BusService {
  override parseWebhook(): readonly WebhookEvent[] {
    return [];
  }
}

export class FiresBeforeItVerifies extends BusService {
  override parseWebhook(): never {
    this.receive({ channel: 'conformance-1', event: 'e', data: 1 });
    throw new AuthenticationError('The webhook is not signed.');
  }
}

export class CrashesWithoutASignature extends BusService {
  override parseWebhook(request: WebhookRequest): readonly WebhookEvent[] {
    return (request.headers.get('x-bus-signature') as string).length > 0 ? super.parseWebhook(request) : [];
  }
}

export class ReadsWhatItDoesNotDeclare extends BelievesEverything {
  override get capabilities(): BackendCapabilities {
    return { ...super.capabilities, webhooks: false };
  }
}
