import { allDrivers } from './drivers/index.js';
import { setGlobalClient } from './page-script.js';

// The one-file build for pages without modules: <script src="…/pushrail-client.min.js"></script>
setGlobalClient(allDrivers);
