import { PusherDriver } from '../drivers/pusher/index.js';
import { setGlobalClient } from '../page-script.js';

setGlobalClient({ pusher: PusherDriver });
