import type { IncomingMessage } from 'node:http';
import { whenAborted } from '../core/call-options.js';
import { ConfigurationError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { addressOf, type PublicAddress } from '../pusher-protocol/public-url.js';
import type { AppKeys } from '../pusher-protocol/signature.js';
import { App } from './app.js';
import { applicationApi } from './application-api.js';
import { Attachment, type RequestTaker } from './attachment.js';
import { ChannelCache } from './channel-cache.js';
import type { CheckedApp, CheckedOptions } from './checked-options.js';
import type { ClientAccess } from './client-access.js';
import { HttpApi } from './http-api/http-api.js';
import type { Publication } from './local-channel.js';
import { ServerCounters } from './metrics/counters.js';
import type { Monitored } from './metrics/endpoints.js';
import { type ServerState, serverMetrics } from './metrics/server-metrics.js';
import { pathBelow } from './path-below.js';
import type { PlainAccess } from './plain/admission.js';
import { PlainPaths } from './plain/paths.js';
import { Ports } from './ports.js';
import type { HttpServerLike, ListeningAddress, WebSocketServerApi } from './public-types.js';
import { AppRelay } from './relay/app-relay.js';
import type { ClusterNode } from './relay/cluster-node.js';
import { DeafSpans } from './relay/deaf-spans.js';
import { type NodeMemory, nodeMemory } from './relay/node-memory.js';
import { ownNode, takePart } from './relay/own-node.js';
import { SocketServer } from './socket-server.js';
import { AppWebhooks } from './webhooks/app-webhooks.js';

/** The owner of the server. It decides what the server does not decide, and hears what happens. */
export interface ServerHost {
  /** Its logger must not throw. */
  readonly logger: () => Logger;
  /** Decides which clients of an application may hear what. */
  readonly access: (keys: AppKeys) => ClientAccess;
  /** Takes the events of channels that an application itself listens to (`App.heard`). Must not throw. */
  readonly received: (publication: Publication) => void;
  /** Decides who may hear a channel by a plain WebSocket. */
  readonly plainAccess: PlainAccess;
}

/** The id and the keys of an application. */
export interface AppCredentials extends AppKeys {
  readonly appId: string;
}

/** The state of the server from one opening to its close. */
interface Run {
  /** The application in the settings. */
  readonly own: App;
  /** All applications, by id. */
  readonly apps: ReadonlyMap<string, App>;
  readonly sockets: SocketServer;
  readonly httpApi: HttpApi;
  readonly webhooks: readonly AppWebhooks[];
  /** This process among those that the relay joins; undefined without a relay. */
  readonly node: ClusterNode | undefined;
}

/**
 * The embedded Channels server. It takes WebSockets to `/app/KEY` and requests to `/apps/APPID/…`, on a port of its own
 * and on HTTP servers that it is attached to. It can be opened again after it was closed.
 */
export class ChannelsServer {
  /** The server as its own application sees it: `backend.api`. */
  readonly api: WebSocketServerApi = applicationApi(
    () => this.app,
    () => serverMetrics(this.#state, this.#counters),
    (listener) => this.#deafSpans.listen(listener),
  );
  readonly #settings: readonly [own: CheckedApp, ...further: CheckedApp[]];
  readonly #options: CheckedOptions;
  readonly #host: ServerHost;
  readonly #ports: Ports;
  readonly #counters = new ServerCounters();
  readonly #attachments = new Map<HttpServerLike, Attachment>();
  readonly #plain: PlainPaths;
  /** The times in which this server heard nothing of other nodes. */
  readonly #deafSpans: DeafSpans;
  #run: Run;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /**
   * @param own the application in the settings
   * @throws ConfigurationError when two applications have the same id or key
   */
  constructor(own: AppCredentials, options: CheckedOptions, host: ServerHost) {
    const { apps: further = [], webhooks } = options;
    this.#settings = [{ ...own, webhooks, limits: options }, ...further];
    checkApps(this.#settings);
    this.#options = options;
    this.#host = host;
    this.#plain = new PlainPaths(options.plain);
    this.#deafSpans = new DeafSpans(host.logger);
    this.#ports = new Ports(options, { taker: this.#taker, monitored: () => this.#monitored });
    this.#run = this.#begin();
  }

  /** The application in the settings. After `close` it is another one, without channels and connections. */
  get app(): App {
    return this.#run.own;
  }

  /** The address of the server's own port; undefined before `open`, after `close`, and when it is only attached. */
  get address(): ListeningAddress | undefined {
    return this.#ports.address;
  }

  /** The address that the figures are at; undefined before `open`, after `close`, and without `metricsPort`. */
  get metricsAddress(): ListeningAddress | undefined {
    return this.#ports.metricsAddress;
  }

  /** Whether pages can connect: there is a port, or a server that this one is attached to. */
  get isReachable(): boolean {
    return this.#options.port !== undefined || this.#attachments.size > 0;
  }

  /**
   * The address for pages, as far as they cannot tell it from their own: the one in `options.publicUrl`, else the
   * server's own port on the page's host. A server that is only attached has the page's host and port.
   */
  get publicAddress(): PublicAddress {
    const { publicUrl, path } = this.#options;
    if (publicUrl !== undefined) return addressOf(publicUrl, path);
    return {
      ...(path !== undefined && { path }),
      ...(this.address !== undefined && { port: this.address.port, useTLS: false }),
    };
  }

  /** What the nodes remember together for the application in the settings; undefined without a relay. */
  get sharedMemory(): NodeMemory | undefined {
    const { node, own } = this.#run;
    return node && nodeMemory(node, own.settings.appId);
  }

  #begin(): Run {
    const { logger, access, received, plainAccess } = this.#host;
    const { cacheTtlMs, maxCachedChannels } = this.#options;
    const counters = this.#counters;
    const node = ownNode(this.#options, logger, this.#deafSpans);
    const webhooks: AppWebhooks[] = [];
    const build = (settings: CheckedApp): App => {
      const appRelay = node && new AppRelay(node.node, settings.appId, { ...node, logger });
      const observer = this.#webhooksOf(settings, appRelay);
      if (observer !== undefined) webhooks.push(observer);
      const cache = new ChannelCache(cacheTtlMs, maxCachedChannels);
      const relay = appRelay && node && { ...node, relay: appRelay };
      return new App(settings, { access: access(settings), cache, counters, received, observer, relay });
    };
    const [ownSettings, ...further] = this.#settings;
    const own = build(ownSettings);
    const all = [own, ...further.map(build)] as const;
    const apps = new Map(all.map((app) => [app.settings.appId, app]));
    const isOpen = (): boolean => node?.node.isOpen !== false;
    const host = { counters, logger, paths: this.#plain, access: plainAccess, nodeTag: node?.tag, isOpen };
    const sockets = new SocketServer(all, this.#options, host);
    const httpApi = new HttpApi(apps, this.#options.requestTimeoutMs, logger);
    return { own, apps, sockets, httpApi, webhooks, node: node?.node };
  }

  #webhooksOf(settings: CheckedApp, relay: AppRelay | undefined): AppWebhooks | undefined {
    const { webhooks = [], limits } = settings;
    if (webhooks.length === 0 || !this.#options.serve) return undefined;
    const { presenceLeaveDelayMs } = limits;
    return new AppWebhooks(
      settings,
      webhooks,
      { ...this.#options, presenceLeaveDelayMs },
      { counters: this.#counters, logger: this.#host.logger },
      relay,
    );
  }

  /**
   * Serves on an HTTP server that somebody else runs, and leaves it open at `close`. When that server closes, the
   * clients that came through it are sent away. A second call for the same server changes nothing.
   * @param server an `http.Server` or `https.Server`
   * @param signal detaches it, and sends away the clients that came through it
   */
  attach(server: HttpServerLike, signal?: AbortSignal): void {
    if (this.#attachments.has(server) || signal?.aborted) return;
    const attachment = new Attachment(server, this.#taker, this.#options.path);
    this.#attachments.set(server, attachment);
    whenAborted(signal, () => {
      this.#attachments.delete(server);
      attachment.detach();
      this.#taker.sendAway(attachment);
    });
  }

  readonly #taker: RequestTaker = {
    serves: (appId) => this.#run.apps.has(appId),
    takesSocket: (url) => this.#plain.find(url) !== undefined,
    upgrade: (request, socket, head, door) => this.#run.sockets.upgrade(this.#withoutPath(request), socket, head, door),
    request: (request, response) => void this.#run.httpApi.handle(this.#withoutPath(request), response),
    sendAway: (door) => this.#run.sockets.sendAway(door),
  };

  #withoutPath(request: IncomingMessage): IncomingMessage {
    const { path } = this.#options;
    if (path === undefined) return request;
    const below = pathBelow(path, request.url);
    if (below !== undefined && /^\/apps?\//.test(below)) request.url = below;
    return request;
  }

  get #monitored(): Monitored {
    return { isUp: this.#closing === undefined, metrics: this.api.metrics };
  }

  get #state(): ServerState {
    const { apps, webhooks } = this.#run;
    let connections = 0;
    let channels = 0;
    for (const app of apps.values()) {
      connections += app.connections.size;
      channels += app.channels.size;
    }
    const webhookEventsWaiting = webhooks.reduce((sum, { waiting }) => sum + waiting, 0);
    return { connections, channels, webhookEventsWaiting, deaf: this.#deafSpans };
  }

  /**
   * Listens, when the options have a `port`, and attaches again to the servers that it was attached to before `close`.
   * @throws ConfigurationError when it cannot listen on the port, or on that for figures
   */
  async open(): Promise<void> {
    await this.#closing;
    this.#opening ??= this.#listen();
    try {
      await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  async #listen(): Promise<void> {
    const { node, apps, webhooks } = this.#run;
    try {
      if (node !== undefined) await takePart(node, [...apps.values()]);
      for (const attachment of this.#attachments.values()) attachment.attach();
      await this.#ports.open();
    } catch (error) {
      await node?.close();
      throw error;
    }
    if (node !== undefined) for (const ofApp of webhooks) ofApp.open();
  }

  /**
   * Takes no new connections, sends what is pending, sends the clients away to reconnect (code 4200), and resolves when
   * they are gone, after `closeTimeoutMs` at the latest, and when the webhooks that are due are sent, after as long
   * again.
   */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown().finally(() => {
      this.#closing = undefined;
    });
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    for (const attachment of this.#attachments.values()) attachment.detach();
    await Promise.all([this.#end(this.#run), this.#ports.closePages()]);
    // The port for figures is the last to close: until then it tells that the server is closing.
    await this.#ports.closeMetrics();
    this.#opening = undefined;
    this.#run = this.#begin();
  }

  async #end({ sockets, webhooks, node }: Run): Promise<void> {
    await sockets.close();
    await Promise.all(webhooks.map((ofApp) => ofApp.close(this.#options.closeTimeoutMs)));
    await node?.close();
  }
}

/**
 * @throws ConfigurationError when two applications have the same id or key; the message counts from the first one in
 * `options.apps`
 */
function checkApps(apps: readonly CheckedApp[]): void {
  for (const key of ['appId', 'pubKey'] as const) {
    const values = apps.map((app) => app[key]);
    const twice = values.findIndex((value, index) => values.indexOf(value) !== index);
    if (twice <= 0) continue;
    const text = `The websocket backend's options: "apps.${twice - 1}.${key}" is already used by another application.`;
    throw new ConfigurationError(text, { backend: 'websocket' });
  }
}
