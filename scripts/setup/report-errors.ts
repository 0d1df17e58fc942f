// Loaded before every script of this folder: an error that nobody caught becomes one message and exit status 1.
// KITTIWAKE_DEBUG=1 adds where it came from.

process.on('uncaughtException', (error) => {
  const text = error instanceof Error ? error.message : String(error);
  console.error(`kittiwake: ${text.trim()}`);
  if (process.env['KITTIWAKE_DEBUG']) console.error(error);
  process.exit(1);
});
