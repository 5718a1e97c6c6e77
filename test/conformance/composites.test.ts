import { failover } from '../../src/backends/composite/failover.js';
import { fanout } from '../../src/backends/composite/fanout.js';
import { roundrobin } from '../../src/backends/composite/roundrobin.js';
import { conforms } from './register.js';
import { overConsoles, overProviders } from './subjects/composites.js';

const withoutFaults = ['faults.refuse()', 'faults.disconnect()', 'faults.hang()', 'join()'];
const withoutClients = ['join()', 'delivery to subscribers'];

for (const [compose, goes] of [
  [failover, 'to one'],
  [roundrobin, 'to one'],
  [fanout, 'to both'],
] as const) {
  conforms(`${compose.name} over two consoles`, { create: () => overConsoles(compose, goes) }, withoutFaults);
  conforms(`${compose.name} over two providers`, { create: () => overProviders(compose, goes) }, withoutClients);
}
