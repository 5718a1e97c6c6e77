import { PubNubDriver } from '../drivers/pubnub/index.js';
import { setUpPage } from '../page-script.js';

setUpPage({ pubnub: PubNubDriver });
