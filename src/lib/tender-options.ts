// The tenders' options as the reference page shows them. A test compares them with what the tenders' --help lists.

export interface TenderOption {
  /** As --help has it. */
  readonly form: string;
  readonly tenders: 'both' | 'hvt' | 'spt';
  /** Words between backticks are code. */
  readonly meaning: string;
  readonly standard?: string;
  readonly limit?: string;
}

export const TENDER_OPTIONS: Readonly<Record<string, readonly TenderOption[]>> = {
  Network: [
    {
      form: '--net:NAME=TAP',
      tenders: 'both',
      meaning: "Attach the tap `TAP` to the image's network device `NAME`. It must exist and be up.",
      limit: 'an interface has 1 to 15 characters',
    },
    {
      form: '--net:NAME=@FD',
      tenders: 'both',
      meaning:
        "Attach a descriptor of the caller's: a tap, or one end of a pair of datagram sockets with a frame in each datagram.",
      limit: '3 or higher, each for one device; SOCK_SEQPACKET for hvt only',
    },
    {
      form: '--net-mtu:NAME=N',
      tenders: 'both',
      meaning:
        "That device's MTU where no interface says it: a socket, or a tap of another network namespace.",
      standard: '1500',
      limit: '68 to 65521',
    },
    {
      form: '--net-mac:NAME=MAC',
      tenders: 'both',
      meaning: "That device's MAC address.",
      standard: "the image's, else a random one",
      limit: 'neither multicast nor zero',
    },
    {
      form: '--net-rate:NAME=in=RATE,out=RATE,in-frames=N,out-frames=N',
      tenders: 'both',
      meaning:
        'Limit that device, as the guest sees it, in bytes and frames a second; any of the four. `RATE/BURST` sets how much may pass at once.',
      standard: 'no limit; a burst of a tenth of a second, at least 64 KiB or one frame',
      limit: '1 to 8G, with K, M or G of 1024',
    },
    {
      form: '--pcap:NAME=FILE',
      tenders: 'both',
      meaning: 'Capture its frames, both ways, in `FILE`, which is made anew.',
      limit: "none but the disk's and `ulimit -f`",
    },
    {
      form: '--net-ring',
      tenders: 'hvt',
      meaning: 'Offer the guest a ring for its frames, beside hypercalls.',
      standard: 'where the tender may run on more than one processor, and nothing is captured',
      limit: '1024 entries; not at `--mem=4096`, nor with `--pcap`',
    },
    { form: '--no-net-ring', tenders: 'hvt', meaning: 'Offer it none.' },
  ],
  Disks: [
    {
      form: '--block:NAME=PATH',
      tenders: 'both',
      meaning:
        "Attach a file or disk to the image's block device `NAME`, locked against other users. The path is all that follows `=`.",
      limit: 'whole sectors, at least one',
    },
    {
      form: '--block:NAME=@FD',
      tenders: 'both',
      meaning:
        "Attach a descriptor of the caller's; read-only if it was opened so. A file of that name is `./@FD`.",
      limit: '3 or higher; not opened to append, to write only or with O_DIRECT',
    },
    {
      form: '--block-ro:NAME=PATH',
      tenders: 'both',
      meaning: "The same, but the guest's writes fail. Several guests may read one file.",
    },
    {
      form: '--block-sector-size:NAME=N',
      tenders: 'both',
      meaning: "That device's sector in bytes.",
      standard: '512',
      limit: '512 to 32768, a power of two',
    },
    {
      form: '--block-rate:NAME=bytes=RATE,operations=N',
      tenders: 'both',
      meaning: 'Limit that device, reads and writes together, in bytes and operations a second.',
      standard: 'no limit; a burst of a tenth of a second, at least 64 KiB or one operation',
      limit: '1 to 8G',
    },
  ],
  'Memory and the end': [
    {
      form: '--mem=N',
      tenders: 'both',
      meaning: 'Memory in MiB, or with a unit: `64M`, `2G`.',
      standard: '512',
      limit: 'hvt: 1 to 4096 MiB; spt: to 16 TiB',
    },
    {
      form: '--x-exec-heap',
      tenders: 'spt',
      meaning: 'Let the guest execute its heap and its stack, for guests that generate code.',
      standard: 'it cannot',
    },
    {
      form: '--stop-timeout=N',
      tenders: 'both',
      meaning: 'Seconds that a guest has after SIGTERM, if it can be asked to end.',
      standard: '5',
      limit: '0 to 3600',
    },
  ],
  'Looking at a guest': [
    {
      form: '--events=FD',
      tenders: 'both',
      meaning: 'Write what happens to the guest as lines of JSON to that descriptor.',
      limit: '3 or higher; a line has at most 4096 bytes',
    },
    {
      form: '--stats=FILE',
      tenders: 'both',
      meaning: 'Count what the guest does in `FILE`, made anew; `kittiwake stats` reads it.',
      limit: 'one guest for each file',
    },
    {
      form: '--crash=FILE',
      tenders: 'both',
      meaning: 'If the guest fails, write what is known about it; `kittiwake explain` reads it.',
      limit: 'must not exist; 64 KiB under spt',
    },
    {
      form: '--dumpcore=DIR',
      tenders: 'hvt',
      meaning: 'If the guest fails, write `core.solo5-hvt.PID` for gdb there.',
      limit: 'an existing folder',
    },
    {
      form: '--gdb',
      tenders: 'hvt',
      meaning: 'Wait for gdb on 127.0.0.1 before the guest begins. Any user of the host may connect.',
      standard: 'port 1234',
      limit: 'one debugger, 64 breakpoints',
    },
    { form: '--gdb-port=N', tenders: 'hvt', meaning: 'The same on another port.', limit: '1 to 65535' },
    {
      form: '--gdb=unix:PATH',
      tenders: 'hvt',
      meaning:
        'The same on a socket that only its owner may use. Its file goes when the debugger has connected or the tender ends; after SIGKILL you remove it.',
      limit: '107 characters; must not exist',
    },
  ],
  Snapshots: [
    {
      form: '--snapshot=FILE',
      tenders: 'both',
      meaning:
        'Write a snapshot of the guest to `FILE` at each SIGUSR1. The older one stays until the new one is whole.',
      limit: 'a name of at most 200 characters; not with `--gdb`',
    },
    {
      form: '--snapshot-exit',
      tenders: 'both',
      meaning: 'End with status 0 after the first one.',
      limit: 'with `--snapshot`',
    },
    {
      form: '--restore=FILE',
      tenders: 'both',
      meaning:
        'Go on from a snapshot instead of starting an image. Devices are given again; new arguments follow `--`.',
      limit: 'without an image, and without another `--mem`',
    },
  ],
  Containment: [
    {
      form: '--uid=N',
      tenders: 'both',
      meaning: 'Run the guest as this user, by number. Devices are opened before.',
      standard: 'the caller',
      limit: '0 to 4294967294; as root, and with `--gid`',
    },
    {
      form: '--gid=N',
      tenders: 'both',
      meaning: 'Run it as this group, and without other groups.',
      standard: 'the caller',
      limit: '0 to 4294967294; as root',
    },
    {
      form: '--chroot=DIR',
      tenders: 'both',
      meaning: 'Run it with `DIR` as its root directory.',
      limit: 'as root',
    },
    {
      form: '--show-sandbox',
      tenders: 'both',
      meaning: 'Print what a guest with these options could do of the host, and do not run it.',
    },
  ],
  'The tender itself': [
    {
      form: '--sysexits',
      tenders: 'both',
      meaning: 'Fail with the statuses of sysexits(3).',
      standard: 'with 1',
    },
    {
      form: '--probe-kvm',
      tenders: 'hvt',
      meaning: 'Print as JSON what KVM is good for on this host.',
    },
    { form: '--help', tenders: 'both', meaning: 'Print the options and end with status 0.' },
    { form: '--version', tenders: 'both', meaning: 'Print the versions of the tender and of its ABI.' },
  ],
};
