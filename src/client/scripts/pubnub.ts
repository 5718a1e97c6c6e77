import { PubNubDriver } from '../drivers/pubnub/index.js';
import { setGlobalClient } from '../page-script.js';

setGlobalClient({ pubnub: PubNubDriver });
