// The server that the unikernel asks for names. It never reads the host's files, so what the host can resolve says nothing about it.
import { guestWords, told } from '../facts/guest.ts';
import { isTender } from '../facts/holders.ts';
import { familyOf, type Way } from '../facts/way.ts';
import { failed, ok, type Finding } from '../finding.ts';
import type { Path } from '../path.ts';
import { restarted } from './guest.ts';

export function dnsHop(path: Path, way: Way): Finding[] {
  const holder = way.holders.find(({ tap, command }) => tap === path.tap && isTender(command));
  const server =
    holder && path.running
      ? told(guestWords(holder.command), familyOf(path.address)).nameServer
      : path.nameServer;
  if (server === undefined) return [];
  const { own, answering } = way.nameServers;
  if (answering.has(server)) return [ok('dns', `${server} answers questions for names`)];
  // Whose 127.0.0.1 is itself, and whose interfaces have other names.
  const better = own.find((each) => answering.has(each) && !/^127\.|^::1$|%/.test(each));
  return [
    failed(
      'dns-silent',
      `${server}, which the unikernel asks for names, answers nothing`,
      better !== undefined && holder && path.running
        ? { remedy: restarted(holder, { '--dns': better }) }
        : {
            advice: `tell it a server that answers${better === undefined ? '' : `: --dns=${better}`}, or start one at ${server}`,
          },
    ),
  ];
}
