import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../support/ports.ts';
import { findNchan } from '../nchan.ts';
import { CHANNEL, EVENT, serve } from './server-commands.ts';

/** nginx with nchan, one worker, and an application beside it that publishes over HTTP: the same text that ours sends. */
const port = await freePort();
const folder = mkdtempSync(join(tmpdir(), 'bench-nchan-'));
const file = join(folder, 'nginx.conf');
writeFileSync(
  file,
  `${findNchan()?.preamble ?? ''}
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log stderr emerg;
events { worker_connections 16384; }
http {
  access_log off;
  keepalive_requests 1000000;
  client_body_buffer_size 64k;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${port};
    location = /publish { nchan_publisher; nchan_channel_id ${CHANNEL}; }
    location / { nchan_subscriber websocket; nchan_channel_id ${CHANNEL}; nchan_subscriber_first_message newest; }
  }
}
`,
);
const nginx = spawn('nginx', ['-p', folder, '-c', file], { stdio: ['ignore', 'ignore', 'inherit'] });
// Without its application there is no use for it.
nginx.on('exit', (code, signal) => {
  console.error(`nginx ended: ${signal ?? code}`);
  process.exit(1);
});
process.on('exit', () => {
  nginx.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

/** One connection, so that events keep their order. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function post(body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const posting = request({ port, host: '127.0.0.1', path: '/publish', method: 'POST', agent }, (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode === 201) resolve();
        else reject(new Error(`nchan answered with ${response.statusCode}.`));
      });
    });
    posting.on('error', reject);
    posting.end(body);
  });
}

async function whenListening(): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
    const isListening = await promise;
    socket.destroy();
    if (isListening) return;
    await wait(50);
  }
  throw new Error('nginx does not listen.');
}

/** CPU time of nginx' processes, from Linux: fields 14 and 15 of `stat`, in hundredths of a second. */
function cpuSeconds(): number {
  const workers = readFileSync(`/proc/${nginx.pid}/task/${nginx.pid}/children`, 'utf8').trim().split(' ');
  const ticks = [String(nginx.pid), ...workers].map((pid) => {
    const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] ?? '';
    const [user, system] = afterName.split(' ').slice(11, 13);
    return Number(user) + Number(system);
  });
  return ticks.reduce((sum, more) => sum + more, 0) / 100;
}

serve({
  async listen() {
    await whenListening();
    return port;
  },
  publish: (data) => post(JSON.stringify({ event: EVENT, channel: CHANNEL, data: JSON.stringify(data) })),
  cpuSeconds,
});
