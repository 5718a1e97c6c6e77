// Loaded before a program: its clock is wrong by the milliseconds in the environment. Its timers run as before.
const byMs = Number(process.env['SHIFTED_BY_MS'] ?? 0);
const { now } = Date;
Date.now = () => now() + byMs;
globalThis.Date = new Proxy(Date, {
  construct: (target, values, type) =>
    Reflect.construct(target, values.length === 0 ? [target.now()] : values, type) as Date,
});
