import { ConsoleDriver } from '../drivers/console.js';
import { setGlobalClient } from '../page-script.js';

setGlobalClient({ console: ConsoleDriver });
