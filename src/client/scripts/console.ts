import { ConsoleDriver } from '../drivers/console.js';
import { setUpPage } from '../page-script.js';

setUpPage({ console: ConsoleDriver });
