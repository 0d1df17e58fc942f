// /labs/<chapter>/<lab>.sh: the script of each lab as it is, to read or to run elsewhere.
import type { APIRoute, GetStaticPaths } from 'astro';
import { readFile } from 'node:fs/promises';
import { handbookLabs } from '../../lib/handbook-labs.ts';

export const getStaticPaths = (async () =>
  (await handbookLabs()).map(({ lab }) => ({ params: { lab: lab.id } }))) satisfies GetStaticPaths;

export const GET: APIRoute = async ({ params }) => {
  const script = await readFile(`labs/${params['lab'] ?? ''}.sh`);
  return new Response(script, { headers: { 'Content-Type': 'text/plain; charset=utf-8' } });
};
