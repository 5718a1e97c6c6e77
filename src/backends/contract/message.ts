import type { JsonValue, OutgoingMessage, PushNotification } from '../../wire/message.js';

/** The parts of a message that a backend's `encode` makes the event's payload of. */
export interface EventParts {
  /** The message's id, a UUID. */
  readonly id: string;
  readonly event: string;
  /** `data` as JSON text. */
  readonly json: string;
  readonly notification: PushNotification | undefined;
}

/** The parts of a message that a backend's `checkMessage` checks. */
export interface BackendMessageOptions {
  readonly event: string;
  readonly notification: PushNotification | undefined;
  /** Socket id of the connection that must not receive the message. */
  readonly except: string | undefined;
  /** The backend's own options for this message, as the caller wrote them. */
  readonly backendOptions: Readonly<Record<string, unknown>> | undefined;
}

/** The parts that a message is made of. */
interface MessageParts extends EventParts {
  readonly payload: string;
  readonly except: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly backendOptions: Record<string, unknown> | undefined;
  /** Whether a message store keeps it. @default false */
  readonly isRecorded?: boolean | undefined;
}

/**
 * A property of each message, so that copies have `data`. Its getter is one for all of them: with a getter for each, V8
 * would keep every message as a dictionary. It stands outside the class, which the build would rename otherwise.
 */
let ownData: PropertyDescriptor;

/** What a backend gets. A key whose value is undefined is left out. */
class Message implements OutgoingMessage {
  // Declared alone: a field would come first in a copy, whenever it is set.
  declare readonly id: string;
  declare readonly idempotencyKey?: string;
  declare readonly event: string;
  declare readonly data: JsonValue;
  declare readonly notification?: PushNotification;
  declare readonly except?: string;
  declare readonly backendOptions?: Readonly<Record<string, unknown>>;
  declare readonly isRecorded?: true;
  readonly #payload: string;
  readonly #json: string;
  #data: JsonValue | undefined;

  static {
    ownData = {
      enumerable: true,
      configurable: true,
      get(this: Message): JsonValue {
        this.#data ??= JSON.parse(this.#json) as JsonValue;
        return this.#data;
      },
    };
  }

  constructor(parts: MessageParts) {
    const { idempotencyKey, notification, except, backendOptions, isRecorded } = parts;
    this.#payload = parts.payload;
    this.#json = parts.json;
    // In the order in which a copy has them.
    this.id = parts.id;
    if (idempotencyKey !== undefined) this.idempotencyKey = idempotencyKey;
    this.event = parts.event;
    Object.defineProperty(this, 'data', ownData);
    if (notification) this.notification = { ...notification };
    if (except !== undefined) this.except = except;
    if (backendOptions) this.backendOptions = { ...backendOptions };
    if (isRecorded) this.isRecorded = true;
  }

  /** On the prototype, so that a copy or the JSON of a message does not hold its data twice. */
  get payload(): string {
    return this.#payload;
  }
}

/** Makes the message that a backend gets. `data` is read back from its JSON text when it is first asked for. */
export function outgoingMessage(parts: MessageParts): OutgoingMessage {
  return new Message(parts);
}

/**
 * Adds a notification to an event's data, as its key `notification`. Data that is no object becomes the key `data`
 * beside it.
 * @param json the data as JSON text
 * @returns JSON text
 */
export function jsonWithNotification(json: string, notification: PushNotification): string {
  const added = `"notification":${JSON.stringify(notification)}`;
  if (json === 'null' || json === '{}') return `{${added}}`;
  if (json.startsWith('{')) return `${json.slice(0, -1)},${added}}`;
  return `{"data":${json},${added}}`;
}
