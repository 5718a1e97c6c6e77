/**
 * Ends a program at SIGINT or SIGTERM. The server goes first, because requests that it still answers may send; it sends
 * the pages away, to reconnect.
 */
export function stopOnSignal(server, push) {
  const stop = () => {
    server.close(() => push.close());
    // A browser may hold a connection open without a request.
    setTimeout(() => server.closeAllConnections(), 500).unref();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
}
