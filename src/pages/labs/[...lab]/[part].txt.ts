// /labs/<chapter>/<lab>/<part>.txt: what a part printed when it last ran, as it printed it, and what it ran on.
import type { APIRoute, GetStaticPaths, InferGetStaticPropsType } from 'astro';
import { handbookLabs, handbookPart } from '../../../lib/handbook-labs.ts';

export const getStaticPaths = (async () => {
  const paths = (await handbookLabs()).flatMap(({ lab }) =>
    lab.parts.map(async ({ name }) => {
      const { evidence } = await handbookPart('transcripts', lab.id, name);
      return { params: { lab: lab.id, part: name }, props: { evidence } };
    }),
  );
  // Of what has not run as it is now there is nothing to show.
  return (await Promise.all(paths)).filter(({ props }) => 'transcript' in props.evidence);
}) satisfies GetStaticPaths;

type Props = InferGetStaticPropsType<typeof getStaticPaths>;

export const GET: APIRoute<Props> = ({ params, props: { evidence } }) => {
  if (!('transcript' in evidence)) throw new Error('a transcript of what has not run');
  const { at, commit, dirty, machine, emulated, qemu, exit, transcript } = evidence;
  const head = [
    `lab         ${params['lab']}, part ${params['part']}`,
    `begun       ${at}`,
    `commit      ${commit}${dirty ? ' with changes' : ''}`,
    `VM          ${machine}, ${emulated ? 'emulated' : 'KVM'}, QEMU ${qemu}`,
    `ended with  ${exit ?? 'its time limit'}`,
  ];
  return new Response(`${head.join('\n')}\n\n${transcript}\n`, {
    headers: { 'Content-Type': 'text/plain; charset=utf-8' },
  });
};
