// The join code: short enough to be read off a wall and typed, and no more than that. What keeps it from being guessed is how seldom it
// may be tried (attempts.ts).
import { randomInt } from 'node:crypto';
import { isSecret } from '../gate.ts';
import { CODE_MAX } from './protocol.ts';

/** Birds, of three to nine letters: 128 of them and four digits are 1,280,000 codes. */
const BIRDS = `
albatross auk avocet bittern blackbird bluetit bunting bustard buzzard canary chaffinch chough condor coot cormorant corncrake
cowbird crane creeper crossbill crow cuckoo curlew dipper dodo dotterel dove duck dunlin dunnock eagle egret
eider emu falcon fantail fieldfare finch flamingo flicker gadwall gannet garganey godwit goldcrest goldeneye goldfinch goosander
goose goshawk grebe grouse guillemot gull harrier hawk heron hobby honeyeater hoopoe hornbill hummer ibis jackdaw
jay kestrel kingbird kite kittiwake kiwi knot lapwing lark linnet loon lory lyrebird macaw magpie mallard
martin merganser merlin moorhen motmot myna nightjar nuthatch oriole osprey ostrich ouzel owl parakeet parrot partridge
peacock pelican penguin petrel phalarope pheasant pigeon pintail pipit plover pochard puffin quail rail raven razorbill
redpoll redshank redstart redwing robin roller rook ruff sanderling shag shrike siskin skua skylark snipe sparrow`
  .trim()
  .split(/\s+/);

export const CODES = BIRDS.length * 10_000;

/** A code by chance, such as gull-4821. */
export function newCode(): string {
  return `${BIRDS[randomInt(BIRDS.length)]}-${String(randomInt(10_000)).padStart(4, '0')}`;
}

/** A code that somebody chose: 6 to CODE_MAX letters, digits and hyphens. @throws Error that says so. */
export function chosenCode(text: string): string {
  if (/^[a-z0-9-]+$/i.test(text) && bare(text).length >= 6 && text.length <= CODE_MAX)
    return text.toLowerCase();
  throw new Error(`--code ${text}: give 6 to ${CODE_MAX} letters, digits and hyphens, such as gull-4821`);
}

/** Whether what somebody typed is the code; capitals, spaces and hyphens are no difference. */
export function isCode(typed: string, code: string): boolean {
  return isSecret(bare(typed), bare(code));
}

function bare(code: string): string {
  return code.toLowerCase().replaceAll(/[\s-]/g, '');
}
