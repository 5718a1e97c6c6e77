import { setUpPage } from '../page-script.js';

// For a backend that has no driver: the page brings a transport of its own.
setUpPage({});
