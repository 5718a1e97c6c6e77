import { expect, test } from 'vitest';
import { authorityOf, hostInAddress, isHost } from '../../../src/backends/sdk/host.js';

test.each(['example.com', 'EXAMPLE.com', 'localhost', '127.0.0.1', '::1', 'a-b.example.com'])(
  '%s is a host',
  (host) => {
    expect(isHost(host)).toBe(true);
  },
);

test.each([
  '',
  'example.com:80',
  'example.com/x',
  'user@example.com',
  'example.com#',
  'example.com?',
  'exa mple',
  '[::1]',
  1,
  null,
])('%j is no host', (host) => {
  expect(isHost(host)).toBe(false);
});

test('an IPv6 address stands in brackets', () => {
  expect(hostInAddress('::1')).toBe('[::1]');
  expect(authorityOf('::1', 80)).toBe('[::1]:80');
  expect(authorityOf('example.com', 80)).toBe('example.com:80');
});
