import { conforms } from './register.js';
import { remoteSubject, websocketSubject } from './subjects/websocket.js';

conforms('websocket', { create: websocketSubject }, ['faults.refuse()', 'faults.disconnect()', 'faults.hang()']);
conforms('remote', { create: remoteSubject });
