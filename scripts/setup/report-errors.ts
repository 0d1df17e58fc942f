// Loaded before every script of this folder: an error that nobody caught becomes one message and exit status 1, and a signal ends the
// script in order.
// KITTIWAKE_DEBUG=1 adds where it came from.

// A signal is an orderly end: what a script has started and made goes with it.
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
] as const) {
  process.once(signal, () => process.exit(128 + number));
}

process.on('uncaughtException', (error) => {
  const text = error instanceof Error ? error.message : String(error);
  console.error(`kittiwake: ${text.trim()}`);
  if (process.env['KITTIWAKE_DEBUG']) console.error(error);
  process.exit(1);
});
