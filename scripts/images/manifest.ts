// runtime/unikernels/*/manifest.json (the format of Solo5's manifests) as the C source of the image's notes.
import { readFile } from 'node:fs/promises';

export type Abi = 'hvt' | 'spt';

export interface Device {
  readonly name: string;
  readonly type: string;
}

/** Device types and their numbers in the manifest's ABI. */
const TYPES: Readonly<Record<string, number>> = { BLOCK_BASIC: 1, NET_BASIC: 2 };
/** Entry 0 is reserved. */
const MAX_DEVICES = 63;

/** Reads a manifest. @throws Error that names the file and what is wrong with it. */
export async function readManifest(file: string): Promise<readonly Device[]> {
  const fail = (what: string): never => {
    throw new Error(`${file}: ${what}`);
  };
  const { type, version, devices } = parseObject(await readFile(file, 'utf8')) ?? fail('not a JSON object');
  if (type !== 'solo5.manifest' || version !== 1) fail(`not a manifest of version 1`);
  if (!Array.isArray(devices) || devices.length > MAX_DEVICES) {
    return fail(`'devices' is no list of at most ${MAX_DEVICES}`);
  }
  const seen = new Set<string>();
  return (devices as Partial<Device>[]).map(({ name = '', type = '' }) => {
    if (!/^[A-Za-z0-9]{1,67}$/.test(name)) fail(`'${name}' is no device name: 1 to 67 letters and digits`);
    if (!Object.hasOwn(TYPES, type))
      fail(`device ${name}: '${type}' is none of ${Object.keys(TYPES).join(', ')}`);
    if (seen.size === seen.add(name).size) fail(`device ${name} is declared twice`);
    return { name, type };
  });
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // the caller names the file
  }
}

/** C source of the ABI note, the manifest note, and the note of `features`, names of abi.h. */
export function notesSource(abi: Abi, devices: readonly Device[], features: readonly string[]): string {
  const entries = devices.map(
    ({ name, type }) => `            {.name = "${name}", .type = ${TYPES[type]}},\n`,
  );
  return `/* Made from manifest.json: which ABI the image is for, which devices it wants. */
#include "abi.h"

static const struct {
    struct note_header header;
    struct note_abi abi;
    uint32_t reserved[2];
} abi_note __attribute__((used, section(".note.solo5.abi"), aligned(4))) = {
    .header = {NOTE_NAME_SIZE, sizeof(struct note_abi) + 8, NOTE_ABI_TYPE, NOTE_NAME},
    .abi = {ABI_${abi.toUpperCase()}, ABI_VERSION},
};

/* The descriptor counts the 4 bytes that align the manifest to 8. */
static const struct {
    struct note_header header;
    uint32_t padding;
    uint32_t version, entries;
    struct mft_entry e[${devices.length + 1}];
} manifest_note __attribute__((used, section(".note.solo5.manifest"), aligned(4))) = {
    .header = {NOTE_NAME_SIZE, 4 + MFT_SIZE(${devices.length + 1}), NOTE_MFT_TYPE, NOTE_NAME},
    .version = MFT_VERSION,
    .entries = ${devices.length + 1},
    .e =
        {
            {.type = MFT_RESERVED_FIRST},
${entries.join('')}        },
};

/* What the image understands beyond Solo5; other tenders pass it by. */
static const struct {
    struct note_header header;
    uint32_t features;
} features_note __attribute__((used, section(".note.kittiwake"), aligned(4))) = {
    .header = {sizeof NOTE_OWN_NAME, sizeof(uint32_t), NOTE_FEATURES_TYPE, NOTE_OWN_NAME},
    .features = ${features.join(' | ')},
};

/* A loader that does not exist: Linux then refuses to start the image as a program of its own. */
static const char loader[24] __attribute__((used, section(".interp"), aligned(8))) = "/nonexistent/solo5/";
`;
}
