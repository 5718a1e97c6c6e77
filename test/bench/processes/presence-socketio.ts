import { listen } from '../../support/ports.ts';
import { type BenchMember, ROOM } from '../wire/presence-dialects.ts';
import { answer } from './answer.ts';
import type { ServerCommands } from './server-commands.ts';
import { http, io } from './socketio-on-http.ts';
import { cpuSeconds } from './usage.ts';

// What an application of socket.io does for the members of a room, which it has to keep itself.
const members = new Map<string, BenchMember>();
io.on('connection', (socket) => {
  socket.on('join', (member: BenchMember) => {
    io.to(ROOM).emit('member_added', member);
    void socket.join(ROOM);
    members.set(member.id, member);
    socket.emit('members', [...members.values()]);
    socket.on('disconnect', () => {
      members.delete(member.id);
      io.to(ROOM).emit('member_removed', member.id);
    });
  });
});

answer<Pick<ServerCommands, 'listen' | 'cpuSeconds'>>({ listen: () => listen(http), cpuSeconds });
