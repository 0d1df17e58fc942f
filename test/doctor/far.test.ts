// Faults from the unikernel into the world.
import { breaking } from './breaking.ts';
import { FAR } from './faults.ts';

breaking([], FAR);
