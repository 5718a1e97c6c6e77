import { describe, expect, it, vi } from 'vitest';
import { PushClient } from '../../src/client/index.js';

describe('PushClient with the console backend', () => {
  it('works on without a connection and says why nothing arrives', () => {
    const info = vi.spyOn(console, 'info').mockImplementation(() => {});
    const client = new PushClient({ backend: 'console', channels: ['orders'] });
    client.connect();
    client.subscribe('news');
    client.unsubscribe('news');
    expect(client.state).toBe('unavailable');
    expect(client.socketId).toBeUndefined();
    expect(info).toHaveBeenCalledWith(expect.stringContaining('prints messages on the server'));
    client.disconnect();
    expect(client.state).toBe('disconnected');
    info.mockRestore();
  });
});
