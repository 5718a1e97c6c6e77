import { conforms } from './register.js';
import { consoleSubject } from './subjects/console.js';

conforms('console', { create: consoleSubject }, ['faults.refuse()', 'faults.disconnect()', 'faults.hang()', 'join()']);
