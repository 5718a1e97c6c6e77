import type * as z from 'zod/mini';
import { buildPushServerSchema, type PushServerShape } from './schema.js';

/**
 * The schema of `PUSH_SERVER`, for an application that checks its configuration with zod: a part of a schema of your
 * own, of `zod` or `zod/mini`. What it returns is what `configure` and `createPushService` take.
 *
 * It checks the keys of `PUSH_SERVER` itself. The `options` are checked when the backend is built, and so is what a DSN
 * in `backend` says. Unlike `configure`, it takes no text for a number or a boolean.
 * @example
 * const configuration = z.object({ port: z.coerce.number(), push: pushServerSchema });
 * const { push } = configuration.parse(JSON.parse(await readFile('config.json', 'utf8')));
 * PushService.configure(push);
 */
export const pushServerSchema: z.ZodMiniObject<PushServerShape, z.core.$strict> = buildPushServerSchema();
