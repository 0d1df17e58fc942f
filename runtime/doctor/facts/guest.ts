// What a unikernel was told about its address, as images of ours and of MirageOS take it.
import { parseAddress, parsePrefix } from '../../network/ip.ts';

export interface Told {
  /** `10.0.0.2/24`; undefined where it asks a server, or has none. */
  readonly address?: string;
  readonly gateway?: string;
  /** Whom it asks for names; undefined where DHCP or a router says so, or nobody. */
  readonly nameServer?: string;
}

/** What an image has that is told nothing. */
const DEFAULT_ADDRESS = '10.0.0.2/24';

/** What the words for the guest say for `family`. */
export function told(words: readonly string[], family: 4 | 6): Told {
  const value = (option: string): string | undefined => {
    const at = words.findIndex((word) => word === option || word.startsWith(`${option}=`));
    return words[at]?.includes('=') === true ? words[at].slice(option.length + 1) : words[at + 1];
  };
  const has = (option: string): boolean =>
    words.some((word) => word === option || word.startsWith(`${option}=`));
  const [own, router] = [`--ipv${family}`, `--ipv${family}-gateway`];
  const none = family === 6 || has('--dhcp') || has('--ipv6-only');
  const address = has(own) ? value(own) : none ? undefined : DEFAULT_ADDRESS;
  const gateway = has(router) ? value(router) : undefined;
  const nameServer = value('--dns');
  return {
    ...(address !== undefined && parsePrefix(address) && { address }),
    ...(gateway !== undefined && { gateway }),
    ...(nameServer !== undefined && parseAddress(nameServer) && { nameServer }),
  };
}

/** The words for the guest in a tender's command line: what follows the image. */
export function guestWords(command: readonly string[]): readonly string[] {
  const end = command.indexOf('--');
  const image = end < 0 ? command.findIndex((word, at) => at > 0 && !word.startsWith('-')) : end + 1;
  return image < 0 ? [] : command.slice(image + 1);
}

/** The command line with the guest told otherwise. */
export function retold(command: readonly string[], option: string, text: string): string[] {
  const kept = command.filter(
    (word, at) =>
      word !== option && !word.startsWith(`${option}=`) && !(at > 0 && command[at - 1] === option),
  );
  return [...kept, `${option}=${text}`];
}
