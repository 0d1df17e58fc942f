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
# Not to be checked: it is fresh, or has just been unmounted.
printf '/dev/vda\t/\text4\tdefaults\t0\t0\n' >"$tree/etc/fstab"
echo 0123456789abcdef0123456789abcdef >"$tree/etc/machine-id"

# Debian has a group of this name already.
chroot "$tree" useradd --create-home --uid 1000 --gid operator --groups kvm,sudo --shell /bin/bash operator
chroot "$tree" passwd --quiet --delete operator
chroot "$tree" systemctl --quiet enable lab-agent@root.service lab-agent@operator.service lab-agent@superuser.service lab-resume.service
# Labs start the servers they want, and the host starts its own terminal when somebody wants one.
chroot "$tree" systemctl --quiet disable avahi-daemon.service avahi-daemon.socket
chroot "$tree" systemctl --quiet mask systemd-networkd-wait-online.service rsyslog.service
# systemd looks at each unit file, and loads each unit that another one names, at each start, daemon-reload and enable. So those of what
# this machine does not have are not there: systemd's own initrd, terminals to log in at, disks to encrypt, check, trim or share, a first
# start, updates, sleep, hardware, a firmware's records, and rounds that go by the day in a machine that lives for minutes.
# What is masked instead would be a unit still.
(
  cd "$tree/lib/systemd/system"
  for unit in \
    initrd* systemd-pcrphase* systemd-volatile-root.service \
    *getty* debug-shell.service emergency.* rescue.* systemd-ask-password-* systemd-initctl.* \
    *crypt* integritysetup* verity* remote-verity* remote-fs* systemd-fsck* quotaon.service systemd-quotacheck.service \
    blockdev@.target e2scrub* fstrim.* \
    systemd-firstboot.service first-boot-complete.target systemd-machine-id-commit.service systemd-repart.service \
    systemd-sysext.service system-update* factory-reset.target systemd-boot-check-no-failures.service \
    apt-daily* dpkg-db-backup.* systemd-tmpfiles-clean.* \
    *hibernate* suspend.target systemd-suspend.service *hybrid-sleep* sleep.target *kexec* \
    bluetooth.target printer.target smartcard.target sound.target usb-gadget.target x11-common.service hwclock.service \
    systemd-backlight@.service systemd-rfkill.* systemd-pstore.service modprobe@.service systemd-update-utmp* \
    sys-*.mount dev-*.mount *binfmt* rc-local.service*; do
    [ -e "$unit" ] || [ -L "$unit" ]
    rm -r "$unit"
  done
  # Nothing hands this machine credentials; each of these would mount a file system for them, which systemd then keeps as a unit.
  sed -i '/^LoadCredential=/d' systemd-sysctl.service systemd-sysusers.service systemd-tmpfiles-setup.service \
    systemd-tmpfiles-setup-dev.service
)
# What wanted them, wants them no longer. Nor is an empty folder left, which the next 'systemctl disable' would take away.
chroot "$tree" find /lib/systemd/system /etc/systemd/system -xtype l -delete
find "$tree/etc/systemd/system" -mindepth 1 -type d -name '*.wants' -empty -delete
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

# The kernel makes /dev/vda by itself. With udev in the initrd, a start would look for all devices twice.
rm "$tree/usr/share/initramfs-tools/hooks/udev" "$tree"/usr/share/initramfs-tools/scripts/init-*/udev
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
