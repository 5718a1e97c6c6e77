import { PusherDriver } from '../drivers/pusher/index.js';
import { setUpPage } from '../page-script.js';

setUpPage({ pusher: PusherDriver });
