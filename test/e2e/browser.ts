import { type Browser, chromium } from 'playwright-core';
import { inject } from 'vitest';

/**
 * Connects to the Chromium that all test files share. Each connection sees its own contexts and no others, and they end
 * with it.
 */
export async function connectBrowser(): Promise<Browser> {
  const response = await fetch(inject('browserStarter'));
  const answer = await response.text();
  if (!response.ok) throw new Error(answer);
  return await chromium.connect(answer);
}
