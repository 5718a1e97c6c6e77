import { OneSignalDriver } from '../drivers/onesignal/index.js';
import { setGlobalClient } from '../page-script.js';

setGlobalClient({ onesignal: OneSignalDriver });
