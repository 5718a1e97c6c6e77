import { Redis } from 'ioredis';
import type { Page } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { useBrowser } from '../e2e/setup.js';
import { startRedis } from '../support/redis.js';
import { withRedis } from '../support/with-redis.js';
import { runExample } from './running-example.js';

const browser = useBrowser();

await withRedis('three nodes of a chat room', startRedis, (redis) => {
  it('a page whose node is killed is back on another one, and the others see nothing of it', {
    timeout: 90_000,
  }, async () => {
    const cluster = await runExample('cluster/cluster.js', { REDIS_URL: redis.url, CLUSTER_RESTART_MS: '500' });
    onTestFinished(async () => void (await cluster.stop()));

    /** Someone in a browser of their own, in the room. */
    async function comeIn(name: string, width: number): Promise<Page> {
      const page = await (await browser().newContext({ viewport: { width, height: 800 } })).newPage();
      await page.goto(cluster.url);
      await page.getByLabel('Your name').fill(name);
      await page.getByRole('button', { name: 'Come in' }).click();
      await page.getByRole('button', { name: `${name} (you)` }).waitFor();
      return page;
    }

    /** The node that a page says it is on. */
    async function nodeOf(page: Page): Promise<number> {
      await page.getByText(/^This page is on node \d\.$/).waitFor();
      return Number((await page.locator('#mine').textContent())?.replaceAll(/\D/g, ''));
    }

    async function say(page: Page, text: string): Promise<void> {
      await page.locator('#composer input').fill(text);
      await page.getByRole('button', { name: 'Send' }).click();
    }

    const ann = await comeIn('Ann', 1280);
    const ben = await comeIn('Ben', 390);
    await ann.getByRole('button', { name: 'Ben' }).waitFor();
    expect(await ben.locator('#members button').allInnerTexts()).toEqual(['Ann', 'Ben (you)']);
    expect(await ben.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
    await ann.evaluate(`
      window.changes = 0;
      new MutationObserver(() => window.changes++).observe(document.getElementById('members'), { childList: true });
    `);

    const killed = await nodeOf(ben);
    await ben.getByRole('button', { name: `Kill node ${killed}` }).click();
    await ben.getByText('What others wrote in that time is missing here.').waitFor();
    expect(await nodeOf(ben)).not.toBe(killed);
    await say(ann, 'Are you back?');
    await ben.getByText('Are you back?').waitFor();
    await say(ben, 'Never left');
    await ann.getByText('Never left').waitFor();
    await ann.locator('#nodes li.up').nth(2).waitFor();
    await ben.getByRole('button', { name: 'Ann' }).click();
    await say(ben, 'Only for you');
    await ann.getByText('Only for you').waitFor();
    expect(await ann.evaluate('window.changes')).toBe(0);

    expect(await cluster.stop()).toEqual({ code: 0, signal: null });
    const processes = cluster.printed.flatMap((line) => /process (\d+)/.exec(line)?.[1] ?? []);
    expect(processes).toHaveLength(4);
    for (const id of processes) expect(() => process.kill(Number(id), 0)).toThrow('ESRCH');
    const client = new Redis(redis.url);
    onTestFinished(() => client.disconnect());
    expect(await client.keys('*')).toEqual([]);
  });
});
