#!/bin/sh
# Run by mmdebstrap as (namespaced) root when the packages are in place: makes the tree a lab machine, then a disk.
# Arguments: the tree, the folder with root/ (files laid over the tree), the folder for the results, the disk's size.
set -eu
tree=$1 source=$2 results=$3 size=$4

cp -R --no-preserve=ownership,timestamps "$source/root/." "$tree/"
chmod 0440 "$tree/etc/sudoers.d/operator"
echo lab >"$tree/etc/hostname"
printf '127.0.0.1\tlocalhost\n127.0.1.1\tlab\n::1\tlocalhost ip6-localhost ip6-loopback\n' >"$tree/etc/hosts"
echo 'LANG=C.UTF-8' >"$tree/etc/default/locale"
# No address is outside the machine, so a name that is not in /etc/hosts fails at once.
: >"$tree/etc/resolv.conf"
printf '/dev/vda\t/\text4\tdefaults\t0\t1\n' >"$tree/etc/fstab"
echo 0123456789abcdef0123456789abcdef >"$tree/etc/machine-id"

# Debian has a group of this name already.
chroot "$tree" useradd --create-home --uid 1000 --gid operator --groups kvm,sudo --shell /bin/bash operator
chroot "$tree" passwd --quiet --delete operator
chroot "$tree" systemctl --quiet enable lab-agent@root.service lab-agent@operator.service lab-agent@superuser.service lab-resume.service
# Labs start the servers they want, and the host starts its own terminal when somebody wants one; nothing is fetched,
# trimmed or rotated in a machine that lives for minutes.
chroot "$tree" systemctl --quiet disable avahi-daemon.service avahi-daemon.socket
chroot "$tree" systemctl --quiet mask serial-getty@ttyS0.service serial-getty@hvc0.service getty@tty1.service \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer e2scrub_reap.service \
  systemd-tmpfiles-clean.timer systemd-networkd-wait-online.service rsyslog.service
# Nor is what only takes time, at each start and each time systemd reads its units: for hardware, file systems and
# records that this machine does not have, and generators that find nothing.
chroot "$tree" systemctl --quiet mask modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service \
  modprobe@efi_pstore.service modprobe@fuse.service modprobe@loop.service sys-kernel-config.mount \
  sys-fs-fuse-connections.mount dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
  proc-sys-fs-binfmt_misc.automount systemd-pstore.service systemd-update-utmp.service \
  systemd-update-utmp-runlevel.service systemd-ask-password-console.path systemd-ask-password-wall.path
# Nobody reads the audit. And nobody logs in: logind starts when it is asked to restart the machine, since systemd tells it of each unit that
# comes and goes.
chroot "$tree" systemctl --quiet mask systemd-journald-audit.socket
[ -L "$tree/lib/systemd/system/multi-user.target.wants/systemd-logind.service" ]
ln -s /dev/null "$tree/etc/systemd/system/multi-user.target.wants/systemd-logind.service"
# No unit waits for a terminal, and no setting is kept for interfaces by name: the latter is a program for each tap that comes.
sed -e '/^SUBSYSTEM=="tty"/d' -e '/systemd-sysctl/d' "$tree/lib/udev/rules.d/99-systemd.rules" \
  >"$tree/etc/udev/rules.d/99-systemd.rules"
mkdir -p "$tree/etc/systemd/system-generators"
for kind in cryptsetup debug getty gpt-auto hibernate-resume integritysetup rc-local run system-update sysv veritysetup; do
  [ -x "$tree/lib/systemd/system-generators/systemd-$kind-generator" ]
  ln -s /dev/null "$tree/etc/systemd/system-generators/systemd-$kind-generator"
done

# Who logs in is told what this machine is, and nothing else.
rm -f "$tree"/etc/update-motd.d/*

# Only now: update-initramfs reads the configuration laid above.
chroot "$tree" update-initramfs -u -k all >/dev/null
cp "$tree"/boot/vmlinuz-* "$results/vmlinuz"
cp "$tree"/boot/initrd.img-* "$results/initrd"
rm "$tree"/boot/initrd.img-*
rm -rf "$tree"/var/lib/apt/lists/* "$tree"/var/cache/apt/*.bin "$tree"/var/log/*.log

# A second view of the tree, without /proc, /sys and /dev that mmdebstrap mounts into it.
unshare --mount sh -euc '
  mkdir "$2/view"
  mount --bind "$1" "$2/view"
  mke2fs -q -t ext4 -L lab -m 0 -O ^has_journal,^metadata_csum -E lazy_itable_init=1,nodiscard,root_owner=0:0 -d "$2/view" "$2/disk.raw" "$3"
  umount "$2/view"
  rmdir "$2/view"
' sh "$tree" "$results" "$size"
chmod 0644 "$results"/*
