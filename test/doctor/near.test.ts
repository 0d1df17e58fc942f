// Faults from the host to the unikernel, and a host without any.
import { breaking } from './breaking.ts';
import { HEALTHY, NEAR } from './faults.ts';

breaking(HEALTHY, NEAR);
