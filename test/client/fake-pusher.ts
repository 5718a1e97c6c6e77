type Callback = (data: unknown) => void;

/** Stands in for a channel of `pusher-js` where the real one cannot be brought into a state at will. */
export class FakeChannel {
  subscriptionPending = false;
  subscribed = false;
  readonly triggered: unknown[] = [];
  readonly #callbacks: ((event: string, data: unknown) => void)[] = [];

  trigger(event: string, data: unknown): boolean {
    this.triggered.push([event, data]);
    return true;
  }

  bind_global(callback: (event: string, data: unknown) => void): this {
    this.#callbacks.push(callback);
    return this;
  }

  emit(event: string, data: unknown): void {
    for (const callback of this.#callbacks) callback(event, data);
  }
}

class FakeEmitter {
  readonly #callbacks = new Map<string, Callback[]>();

  bind(event: string, callback: Callback): this {
    this.#callbacks.set(event, [...(this.#callbacks.get(event) ?? []), callback]);
    return this;
  }

  emit(event: string, data: unknown): void {
    for (const callback of this.#callbacks.get(event) ?? []) callback(data);
  }
}

class FakeConnection extends FakeEmitter {
  state = 'initialized';
  socket_id = '1.1';

  become(state: string): void {
    const previous = this.state;
    this.state = state;
    if (state !== previous) this.emit('state_change', { previous, current: state });
  }
}

/** Stands in for `pusher-js`: remembers what it was asked and lets a test play the server. */
export class FakePusher {
  static last: FakePusher | undefined;
  readonly key: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly connection: FakeConnection = new FakeConnection();
  readonly user: FakeEmitter = new FakeEmitter();
  readonly channels: Map<string, FakeChannel> = new Map();
  readonly calls: string[] = [];

  constructor(key: string, options: Readonly<Record<string, unknown>>) {
    this.key = key;
    this.options = options;
    FakePusher.last = this;
  }

  connect(): void {
    this.calls.push('connect');
    if (this.connection.state !== 'connected') this.connection.become('connecting');
  }

  disconnect(): void {
    this.calls.push('disconnect');
    this.connection.become('disconnected');
  }

  subscribe(name: string): FakeChannel {
    this.calls.push(`subscribe ${name}`);
    if (name.startsWith('private-encrypted-')) throw new Error('no nacl implementation available');
    const channel = this.channels.get(name) ?? new FakeChannel();
    this.channels.set(name, channel);
    return channel;
  }

  unsubscribe(name: string): void {
    this.calls.push(`unsubscribe ${name}`);
    this.channels.delete(name);
  }

  send_event(event: string): boolean {
    this.calls.push(event);
    return true;
  }

  signin(): void {
    this.calls.push('signin');
  }
}
