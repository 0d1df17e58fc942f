// Where the project lies.
import { resolve } from 'node:path';

/** The project's root folder, absolute. */
export const root = resolve(import.meta.dirname, '..', '..');
