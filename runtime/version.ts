// The version that the command and the orchestrator report: package.json's, put in by the bundler.
declare const KITTIWAKE_VERSION: string | undefined;

export const VERSION = typeof KITTIWAKE_VERSION === 'string' ? KITTIWAKE_VERSION : 'from source';
