/*
 * Every refusal of the tender: its sysexits(3) class, and its text as THING: CAUSE; REMEDY.
 *
 * A class is the exit status with --sysexits; without it every refusal exits 1, as Solo5's tenders do.
 * A few texts hold in parentheses what Solo5's tenders say, because scripts look for it, Solo5's own test suite among them.
 *   64 EX_USAGE     the command line is wrong
 *   65 EX_DATAERR   the image is not one this tender can run
 *   66 EX_NOINPUT   the image cannot be read
 *   69 EX_UNAVAILABLE  KVM is missing, busy or emulating
 *   71 EX_OSERR     the host refused something it should be able to do
 *   73 EX_CANTCREAT a file that was asked for cannot be created
 *   77 EX_NOPERM    this user may not
 *   78 EX_CONFIG    what the image needs and what it was given differ: devices, memory
 */
#ifndef KITTIWAKE_ERRORS_H
#define KITTIWAKE_ERRORS_H

#include "error.h"

#include <sysexits.h>

/* ---- Command line ---- */
#define E_NO_IMAGE EX_USAGE, "command line: no image is named; give one, as '%s --mem=64 hello.%s' ('--help' shows more)"
#define E_OPTION_UNKNOWN EX_USAGE, "option '%s': unknown; '--help' lists the options, and arguments of the guest go after the image"
#define E_OPTION_VALUE EX_USAGE, "option '%s': needs a value; write it as '%s'"
#define E_MEM_MALFORMED EX_USAGE, "option '--mem=%s': not a memory size; give MiB, as '--mem=64', or a unit, as '--mem=64M' or '--mem=2G'"
#define E_MEM_RANGE EX_USAGE, "option '--mem=%s': out of range; give from 1 MiB to %llu MiB"
#define E_ID EX_USAGE, "option '%s': not the number of a user or group; give one from 0 to 4294967294, as '%s'"
#define E_STOP_TIMEOUT EX_USAGE, "option '%s': not a time to end in; give seconds from 0 to %u, as '--stop-timeout=5'"
#define E_DEVICE_NAME EX_USAGE, "option '%s': malformed device name; it is 1 to 67 letters and digits, as in '%s'"
#define E_TAP_NAME EX_USAGE, "option '%s': malformed interface name; it has 1 to 15 characters, none of them a space or '/'"
#define E_MAC_MALFORMED EX_USAGE, "option '%s': malformed MAC address; give six hexadecimal bytes, as '02:00:00:00:00:01'"
#define E_MAC_MULTICAST EX_USAGE, "option '%s': a multicast MAC address cannot be a device's own; make the first byte even, as '02:00:00:00:00:01'"
#define E_MAC_ZERO EX_USAGE, "option '%s': the zero MAC address cannot be a device's own; leave the option out to get a random one"
#define E_SECTOR_SIZE EX_USAGE, "option '%s': not a sector size (Block size must be a multiple of 2 greater than or equal 512); give a power of two from 512 to 32768 bytes, as '--block-sector-size:NAME=4096'"
#define E_RING_TENDER EX_USAGE, "option '%s': only kittiwake-hvt has a net ring; leave the option out"
#define E_RING_IMPOSSIBLE EX_CONFIG, "option '--net-ring': %s; leave the option out, and the guest uses hypercalls"
#define E_RING_TWICE EX_USAGE, "option '%s': said more than once whether there is a net ring; give '--net-ring' or '--no-net-ring'"
#define E_EXEC_HEAP EX_USAGE, "option '%s': only kittiwake-spt has it; under hvt a guest has page tables of its own, in which it may clear NX"
#define E_MTU EX_USAGE, "option '%s': not an MTU; give from %d to %d bytes, which do not count the Ethernet header"
#define E_DESCRIPTOR EX_USAGE, "option '%s': not the number of a descriptor for it; give 3 or higher, opened by the caller, as '%s'"
#define E_DESCRIPTOR_TWICE EX_USAGE, "option '%s': descriptor %d was already given; use another one for each"
#define E_RATE_MALFORMED EX_USAGE, "option '%s': not a rate; give each limit as KEY=RATE or KEY=RATE/BURST, from 1 to 8G, as '%s'"
#define E_RATE_TWICE EX_USAGE, "option '%s': '%s' was already given; give each limit once"
#define E_OPTION_AGAIN EX_USAGE, "option '%s': was already given; give it once"
#define E_OPTION_TWICE EX_USAGE, "option '%s': device '%s' was already given; give each device once"
#define E_OPTIONS_MANY EX_USAGE, "option '%s': more than %d device options; an image has at most 63 devices"
#define E_CMDLINE_LONG EX_USAGE, "guest arguments: %zu characters are too long; the guest's command line holds %d"

/* ---- The image as a file ---- */
#define E_IMAGE_MISSING EX_NOINPUT, "%s: no such file; check the path"
#define E_IMAGE_FORBIDDEN EX_NOINPUT, "%s: this user may not read it; allow it with 'chmod a+r %s'"
#define E_IMAGE_DIRECTORY EX_NOINPUT, "%s: is a directory; name the image file in it"
#define E_IMAGE_NOT_FILE EX_NOINPUT, "%s: is not a regular file; copy the image to a file first"
#define E_IMAGE_OPEN EX_NOINPUT, "%s: cannot be opened (%s); check the path"
#define E_IMAGE_READ EX_NOINPUT, "%s: cannot be read (%s); check the disk it is on"

/* ---- The image as an ELF executable ---- */
#define E_ELF_EMPTY EX_DATAERR, "%s: is empty; build or download the image again"
#define E_ELF_TEXT EX_DATAERR, "%s: is a text file, not a unikernel; name an image, as hello.%s"
#define E_ELF_MAGIC EX_DATAERR, "%s: is not an ELF file, so not a unikernel; name an image, as hello.%s"
#define E_ELF_TRUNCATED EX_DATAERR, "%s: is cut short (%llu bytes, its %s ends at %llu); copy or download the image again"
#define E_ELF_CLASS EX_DATAERR, "%s: is a 32-bit ELF file; build the image for 64-bit %s"
#define E_ELF_ORDER EX_DATAERR, "%s: is a big-endian ELF file; build the image for %s"
#define E_ELF_VERSION EX_DATAERR, "%s: has ELF version %u, which does not exist; build or download the image again"
#define E_ELF_MACHINE EX_DATAERR, "%s: is built for %s, this host is %s; build the image for %s"
#define E_ELF_DYNAMIC EX_DATAERR, "%s: is a position-independent program or a library, not a unikernel; link the image static and non-PIE with a Solo5 toolchain"
#define E_ELF_TYPE EX_DATAERR, "%s: is not an executable (ELF type %u); link it with a Solo5 toolchain"
#define E_ELF_HEADER EX_DATAERR, "%s: has a malformed ELF header (%s); build or download the image again"
#define E_ELF_HEADERS_MANY EX_DATAERR, "%s: has %u program headers, at most %d can be loaded; link it with a Solo5 toolchain"
#define E_ELF_SEGMENT EX_DATAERR, "%s: has a malformed segment %d (%s); link it with a Solo5 toolchain"
#define E_ELF_WX EX_DATAERR, "%s: its segment %d asks to be writable and executable at once; link code and data into separate segments"
#define E_ELF_ENTRY EX_DATAERR, "%s: its entry point 0x%llx lies outside the image's memory; link it with a Solo5 toolchain"
#define E_ELF_NX EX_DATAERR, "%s: has more than %d separate executable regions, too many to protect; link its code into one segment"
#define E_MEM_SMALL EX_CONFIG, "%s: does not fit into %llu MiB of memory; give it more, as '--mem=%llu'"

/* ---- The image as a Solo5 unikernel ---- */
#define E_NOTE_MALFORMED EX_DATAERR, "%s: its %s note is malformed (%s: note does not fall within valid size); build the image again with a Solo5 toolchain"
#define E_ABI_MISSING EX_DATAERR, "%s: is an ELF program but not a unikernel (it has no Solo5 ABI note); build it with a Solo5 toolchain"
#define E_ABI_OTHER_TENDER EX_DATAERR, "%s: is an image for %s, this is kittiwake-%s; run it with 'kittiwake-%s'"
#define E_ABI_OTHER_TARGET EX_DATAERR, "%s: is an image for the %s target, this is kittiwake-%s; build the image for %s"
#define E_ABI_UNKNOWN EX_DATAERR, "%s: is an image for the unknown target %u, this is kittiwake-%s; build the image for %s"
#define E_ABI_VERSION EX_DATAERR, "%s: wants version %u of the %s ABI, this tender knows version %d; build the image with Solo5 0.8 or newer"
#define E_MFT_MISSING EX_DATAERR, "%s: has no Solo5 manifest; build the image again with a Solo5 toolchain"
#define E_MFT_MALFORMED EX_DATAERR, "%s: its manifest is malformed (%s); build the image again with a Solo5 toolchain"
#define E_MFT_NAME EX_DATAERR, "%s: its manifest is malformed (the name of device %u is not 1 to 67 letters and digits); build the image again"
#define E_MFT_TWICE EX_DATAERR, "%s: its manifest is malformed (device '%s' is declared twice); build the image again"
#define E_MFT_TYPE EX_DATAERR, "%s: declares device '%s' of type %u, which this version does not know; use a newer tender"

/* ---- Who and where the tender is to be ---- */
#define E_UID_ALONE EX_USAGE, "option '--uid=%u': the group would stay what it is; give one, as '--gid=%u'"
#define E_USER EX_NOPERM, "%s: cannot be changed (%s); start the tender as root"
#define E_CHROOT_FORBIDDEN EX_NOPERM, "option '--chroot=%s': this user may not change the root directory; start the tender as root"
#define E_CHROOT EX_CONFIG, "option '--chroot=%s': cannot be entered (%s); name a folder, best an empty one"

/* ---- Devices: declared against given ---- */
#define E_DEVICE_MISSING EX_CONFIG, "%s: declared by %s but not given; add %s"
#define E_DEVICE_UNDECLARED EX_CONFIG, "%s %s: given but not declared by %s; it declares %s"
#define E_MAC_MFT EX_DATAERR, "net %s: the MAC address in %s is a multicast one; give another with '--net-mac:%s=02:00:00:00:00:01'"

/* ---- Taps ---- */
#define E_TAP_MISSING EX_CONFIG, "net %s: %s does not exist; create it with 'sudo ip tuntap add dev %s mode tap user $USER'"
#define E_TAP_DOWN EX_CONFIG, "net %s: %s is down; bring it up with 'sudo ip link set dev %s up'"
#define E_TAP_BUSY EX_CONFIG, "net %s: %s is in use by another process; stop that one or create another tap"
#define E_TAP_NOT_TAP EX_CONFIG, "net %s: %s is not a tap interface; create one with 'sudo ip tuntap add dev NAME mode tap user $USER'"
#define E_TAP_QUEUES EX_CONFIG, "net %s: %s is a multi-queue tap; create it again without 'multi_queue'"
#define E_TAP_OWNER EX_NOPERM, "net %s: %s belongs to another user; create one of your own with 'sudo ip tuntap add dev NAME mode tap user $USER'"
#define E_TUN_MISSING EX_OSERR, "net %s: /dev/net/tun does not exist; load the driver with 'sudo modprobe tun'"
#define E_TUN_FORBIDDEN EX_NOPERM, "net %s: this user may not open /dev/net/tun; allow it with 'sudo chmod a+rw /dev/net/tun'"
#define E_TUN_FAILED EX_OSERR, "net %s: %s cannot be attached: %s failed (%s); see 'dmesg'"

/* ---- Inherited descriptors ---- */
#define E_FD_CLOSED EX_CONFIG, "%s %s: descriptor %d is not open; open it where the tender is started, as '%d<>FILE' does in a shell"
#define E_FD_SAME EX_CONFIG, "%s %s: descriptor %d is the same open file as %d; open one for each purpose"
#define E_FD_MODE EX_CONFIG, "%s %s: descriptor %d was opened %s; open it to read and write, as '%d<>FILE' does in a shell"
#define E_MTU_TAP EX_CONFIG, "net %s: the MTU of %s is its interface's; leave '--net-mtu' out, and change it with 'sudo ip link set dev %s mtu %u'"
#define E_FD_NET EX_CONFIG, "net %s: descriptor %d is %s; give a tap, or one end of socketpair(2) of AF_UNIX and SOCK_DGRAM"
#define E_FD_SEQPACKET EX_CONFIG, "net %s: descriptor %d is a SOCK_SEQPACKET socket, which keeps an spt guest awake once its other end is closed; give a SOCK_DGRAM one"
#define E_FD_TAP_LOOSE EX_CONFIG, "net %s: descriptor %d is /dev/net/tun without an interface; attach it to one with TUNSETIFF"
#define E_FD_TAP_KIND EX_CONFIG, "net %s: descriptor %d is a tun, which carries no Ethernet frames; make it with IFF_TAP"
#define E_FD_TAP_PREFIX EX_CONFIG, "net %s: descriptor %d has packet information before each frame; make it with IFF_NO_PI"
#define E_FD_TAP_HEADER EX_CONFIG, "net %s: descriptor %d has a header before each frame, which %s does not understand; make it without IFF_VNET_HDR"
#define E_FD_BLOCK EX_CONFIG, "block %s: descriptor %d is no regular file and no block device; give one of these"

/* ---- Files and disks behind block devices ---- */
#define E_BLOCK_MISSING EX_CONFIG, "block %s: %s does not exist; check the path, or make the file with 'truncate -s 1M'"
#define E_BLOCK_KIND EX_CONFIG, "block %s: %s is no regular file and no block device; give one of these"
#define E_BLOCK_UNREADABLE EX_NOPERM, "block %s: this user may not read %s; allow it with 'chmod a+r'"
#define E_BLOCK_UNWRITABLE EX_NOPERM, "block %s: this user may not write to %s (%s); allow it, or give it read-only as '--block-ro:%s=%s'"
#define E_BLOCK_MOUNTED EX_CONFIG, "block %s: %s is mounted or in use by the host; unmount it first"
#define E_BLOCK_BUSY EX_CONFIG, "block %s: %s is in use by another process or device; stop that one, copy the file, or give it read-only to all with '--block-ro'"
#define E_BLOCK_EMPTY EX_CONFIG, "block %s: %s is empty; give it a size with 'truncate -s 1M'"
#define E_BLOCK_SECTORS EX_CONFIG, "block %s: %s has %llu bytes, not whole sectors of %u (Backing storage size must be block aligned); extend it with 'truncate -s %%%u', or give another '--block-sector-size:%s=N'"
#define E_BLOCK_FAILED EX_OSERR, "block %s: %s cannot be attached: %s failed (%s); see 'dmesg'"

/* ---- Debugging ---- */
#define E_GDB_SPT EX_USAGE, "option '%s': works under hvt only, this is %s; debug the process itself, as 'gdb --args %s IMAGE'"
#define E_GDB_SNAPSHOT EX_USAGE, "option '--gdb': a guest that is debugged cannot be snapshot; leave out '--snapshot'"
#define E_DUMPCORE_SPT EX_USAGE, "option '%s': works under hvt only, this is %s; '--crash=FILE' tells about a guest that fails here"
#define E_DUMPCORE EX_CANTCREAT, "dumpcore: %s is no folder to write to (%s); give one that exists and that you may write to"
#define E_GDB_FORM EX_USAGE, "option '%s': not a place for gdb; write it as '--gdb', '--gdb-port=1234' or '--gdb=unix:PATH'"
#define E_GDB_PORT EX_USAGE, "option '%s': not a port; give a number from 1 to 65535"
#define E_GDB_LONG EX_USAGE, "option '%s': a path of a socket has at most %d characters; give a shorter one"
#define E_GDB_PORT_BUSY EX_CONFIG, "gdb: port %u of 127.0.0.1 is in use; give another one with '--gdb-port=N'"
#define E_GDB_PATH_EXISTS EX_CANTCREAT, "gdb: %s exists; remove it if nobody uses it, or give another path"
#define E_GDB_PATH EX_CANTCREAT, "gdb: the socket %s cannot be created (%s); give a path in a folder you may write to"

/* ---- What is told about the guest ---- */
#define E_CRASH_EXISTS EX_CANTCREAT, "crash report: %s exists; move it away, or give another file"
#define E_CRASH_OPEN EX_CANTCREAT, "crash report: %s cannot be created (%s); give a file in a folder you may write to"
#define E_EVENTS_CLOSED EX_CONFIG, "option '--events=%d': descriptor %d is not open; open it in the shell, as '%d>events.json'"
#define E_EVENTS_READ_ONLY EX_CONFIG, "option '--events=%d': descriptor %d is open for reading only; open it for writing, as '%d>events.json'"

#define E_OUTPUT_KIND EX_CONFIG, "option '%s': %s is there and no regular file; name another one, or remove it"
#define E_OUTPUT_BUSY EX_CONFIG, "option '%s': %s is in use by another guest; give each its own file"
#define E_OUTPUT_FAILED EX_CONFIG, "option '%s': %s cannot be made (%s); name a file in a folder this user may write to"

/* ---- The host ---- */
#define E_HOST EX_OSERR, "%s: the host refused it (%s); %s"
#define E_MEMORY EX_OSERR, "memory: the host cannot give %llu MiB (%s); give less with '--mem', or free some"
#define E_MMAP_MIN EX_NOPERM, "memory: addresses from 0x10000 are closed to this user; allow them with 'sysctl vm.mmap_min_addr=65536'"

/* ---- The user-mode network ---- */
#define E_USERNET_OPTION EX_USAGE, "option '%s': unknown; '--help' lists the options, and the tender's go after --"
#define E_USERNET_TENDER EX_USAGE, "command line: no device or no tender; write it as 'kittiwake-usernet --net=service -- kittiwake-spt IMAGE'"
#define E_USERNET_LIBRARY EX_OSERR, "user-mode network: %s is missing; install it with 'sudo apt install libslirp0', or give a tap as '--net:NAME=TAP'"
#define E_PUBLISH EX_USAGE, "publish '%s': malformed; write [ADDRESS:]PORT[:GUEST-PORT][/tcp|/udp], as '8080:80', '0.0.0.0:8080:80' or '[::1]:5353:53/udp'"
#define E_PUBLISH_MANY EX_USAGE, "publish '%s': more than %d ports; publish fewer"
#define E_PUBLISH_BUSY EX_CONFIG, "publish '%s': the host's port is in use; publish another one, or see who has it with 'ss -lntup'"
#define E_PUBLISH_LOW EX_NOPERM, "publish '%s': this user may not open ports below 1024; publish a higher one, as '8080:80'"
#define E_PUBLISH_ADDRESS EX_CONFIG, "publish '%s': the host has no such address; see 'ip address', or leave the address out for 127.0.0.1"

/* ---- KVM ---- */
#define E_KVM_MISSING EX_UNAVAILABLE, "/dev/kvm: missing: %s"
#define E_KVM_FORBIDDEN EX_NOPERM, "/dev/kvm: forbidden: this user may not open it; join its group with 'sudo usermod -aG kvm %s' and log in again"
#define E_KVM_BUSY EX_UNAVAILABLE, "/dev/kvm: busy: another hypervisor holds the processor's virtualisation; stop its machines (VirtualBox, VMware), or run an spt image"
#define E_KVM_EMULATING EX_UNAVAILABLE, "/dev/kvm: emulating: %s; run an spt image, or run on a host with real or nested virtualisation"
#define E_KVM_UNSUPPORTED EX_UNAVAILABLE, "/dev/kvm: unsupported: %s; run a newer kernel, or an spt image"

/* ---- Snapshots ---- */
#define E_RESTORE_IMAGE EX_USAGE, "command line: '%s' stands where an image would; '--restore' starts from its file alone, and the guest's arguments go after '--'"
#define E_RESTORE_MEM EX_USAGE, "option '--mem': the snapshot has %llu MiB, and the guest knows; leave the option out"
#define E_SNAPSHOT_EXIT EX_USAGE, "option '--snapshot-exit': there is no snapshot to end after; add '--snapshot=FILE'"
#define E_SNAPSHOT_MAGIC EX_DATAERR, "%s: is not a snapshot; make one with '--snapshot=FILE' and SIGUSR1"
#define E_SNAPSHOT_IMAGE EX_DATAERR, "%s: is an image, not a snapshot; name it without '--restore'"
#define E_SNAPSHOT_VERSION EX_DATAERR, "%s: is a snapshot of version %u, this tender knows version %d; make it again with this tender"
#define E_SNAPSHOT_TARGET EX_DATAERR, "%s: is a snapshot of an %s guest, this is kittiwake-%s; restore it with 'kittiwake-%s'"
#define E_SNAPSHOT_CUT EX_DATAERR, "%s: has %llu bytes instead of %llu; copy the snapshot again, or make it again"
#define E_SNAPSHOT_DAMAGED EX_DATAERR, "%s: is damaged (its checksum differs); copy the snapshot again, or make it again"
#define E_SNAPSHOT_MALFORMED EX_DATAERR, "%s: is a malformed snapshot (%s); make it again"
#define E_SNAPSHOT_PROCESSOR EX_CONFIG, "%s: this processor lacks what the snapshot's had (features %u: 0x%x); restore it on such a host, or make it again here"
#define E_SNAPSHOT_CLOCK EX_CONFIG, "%s: the snapshot's %s cannot be had on this host; restore it on such a host, or make it again here"
#define E_SNAPSHOT_NOEXEC EX_CONFIG, "%s: lies on a file system mounted with 'noexec'; copy the snapshot to another"
#define E_SNAPSHOT_UPTIME EX_CONFIG, "%s: its guest lives by the host's clock, which is behind what it was; restore it in %llu s, or make it again here"
#define E_SNAPSHOT_EXEC_HEAP EX_CONFIG, "%s: its guest %s executable heap; %s '--x-exec-heap'"
#define E_SNAPSHOT_DESCRIPTOR EX_CONFIG, "descriptor %d: the snapshot's guest knows it as one of its own; give the one on the command line another number"
#define E_SNAPSHOT_BUSY EX_CONFIG, "%s: is being written by another program; wait for that one"
#define E_SNAPSHOT_DEAF EX_CONFIG, "%s: its guest does not understand that it was restored, so it would keep its old %s; leave out %s"
#define E_SNAPSHOT_MTU EX_CONFIG, "net %s: its MTU is %u, the snapshot's guest was told %u; set it with 'sudo ip link set dev TAP mtu %u'"
#define E_SNAPSHOT_OFFLOAD EX_CONFIG, "net %s: it differs from the snapshot's in who finishes checksums; give a tap if that was one, else a descriptor"
#define E_SNAPSHOT_CAPACITY EX_CONFIG, "block %s: it has %llu bytes, the snapshot's had %llu; give the file or disk that belongs to it"
#define E_SNAPSHOT_SECTOR EX_CONFIG, "block %s: the snapshot's guest was told sectors of %u bytes; leave out '--block-sector-size', or give '--block-sector-size:%s=%u'"
#define E_SNAPSHOT_FOLDER EX_NOPERM, "option '--snapshot=%s': its folder cannot be opened (%s); name a file in a folder this user may write to"
#define E_SNAPSHOT_NAME EX_USAGE, "option '--snapshot=%s': not the name of a file; give one of at most 200 characters behind the last '/'"
#define E_SNAPSHOT_FAILED EX_OSERR, "snapshot %s: %s failed (%s); the guest goes on, and an older snapshot stays as it was"

/* ---- The guest, while it runs ---- */
#define E_GUEST_MEMORY EXIT_GUEST_FAULT, "guest fault: %s: address 0x%llx with %llu bytes is not memory it may %s, rip=0x%llx; report it to whoever made the image"
#define E_RING_MEMORY EXIT_GUEST_FAULT, "guest fault: net ring: an entry has address 0x%llx and %u bytes, which it may not %s; report it to whoever made the image"
#define E_RING_ENTRIES EXIT_GUEST_FAULT, "guest fault: net ring: it says that %u entries are waiting, more than the %u there are; report it to whoever made the image"
#define E_RING_COMMITS EXIT_GUEST_FAULT, "guest fault: net ring: it takes none of %u results and asks for more; report it to whoever made the image"
#define E_GUEST_CALL EXIT_GUEST_FAULT, "guest fault: hypercall %u does not exist, rip=0x%llx; report it to whoever made the image"
#define E_GUEST_PORT EXIT_GUEST_FAULT, "guest fault: %u-byte %s of I/O port 0x%x is no hypercall, rip=0x%llx; report it to whoever made the image"
#define E_GUEST_STOP EXIT_GUEST_FAULT, "guest fault: %s, rip=0x%llx; report it to whoever made the image"

#endif
