import { expect, it } from 'vitest';
import { DemoServer } from '../../src/cli/demo/demo-server.js';
import { useBrowser } from './setup.js';

const browser = useBrowser();

it('shows what a click ran on the server and its report, and keeps its visitor when it is loaded anew', async () => {
  await using demo = new DemoServer();
  await demo.listen(0, { orElseAnyPort: false });
  const page = await browser().newPage({ viewport: { width: 375, height: 800 } });
  await page.goto(demo.url);
  await page.getByRole('button', { name: 'Ann' }).click();
  await page.getByText('connected', { exact: true }).waitFor();

  await page.getByRole('button', { name: 'Send' }).click();
  await page.locator('#received li', { hasText: 'Hello' }).waitFor();
  expect(await page.locator('#code').textContent()).toBe(
    "const report = await PushService.send({\n  event: 'demo.message',\n  users: 'ann',\n  data: { text: 'Hello' }\n});",
  );
  expect(await page.locator('#report').textContent()).toMatch(/event: 'demo.message',\n {2}status: 'accepted',/);
  const width = await page.evaluate<number>('document.documentElement.scrollWidth');
  expect(width).toBeLessThanOrEqual(375);

  await page.reload();
  await page.getByText('connected', { exact: true }).waitFor();
  expect(await page.locator('#user').textContent()).toBe('Ann');
  expect(await demo.service.sessions.channelsFor(['ann'])).toEqual([[expect.any(String)]]);

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.reload();
  await page.getByRole('button', { name: 'Ann' }).waitFor();
});
