import { OneSignalDriver } from '../drivers/onesignal/index.js';
import { setUpPage } from '../page-script.js';

// OneSignal keeps its SDK to its own servers, so this is the one script that the page gets from elsewhere.
setUpPage(
  { onesignal: OneSignalDriver },
  { address: 'https://cdn.onesignal.com/sdks/web/v16/OneSignalSDK.page.js', name: 'OneSignalSDK' },
);
