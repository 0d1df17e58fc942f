# What there is in a lab machine that a lab could leave behind, as the programs say it that know; state.ts makes facts of it. Run by root.
# Few programs, and none to filter: where the processor is emulated, what a machine starts for the first time takes it longest.
(
# systemd answers late where the host is busy.
export SYSTEMD_BUS_TIMEOUT=240s
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
section() { printf '\036%s\n' "$1"; }
section link; ip -brief link
section address; ip -oneline address
section route; ip route show table all; ip -6 route show table all
section rule; ip rule; ip -6 rule
section namespace; ip netns list
section firewall; nft --stateless list ruleset
# Some may only be written; sysctl(8) takes four times as long.
section setting; (cd /proc/sys/net && grep --no-messages '' ipv4/ip_forward ipv[46]/conf/{all,default,lo}/*)
section mount; printf '%s\n' "$(</proc/self/mountinfo)"
# Which units are enabled, the links in /etc/systemd tell; to ask systemd takes ten seconds where the processor is emulated.
section unit; systemctl list-units --no-legend --plain --state=active,failed --type=service,socket,path
section "process $BASHPID"; ps -e --no-headers -o pid=,ppid=,user:32=,args=
# Logs, caches and what systemd, udev, sudo and avahi keep for themselves are no lab's.
section file; find /etc /home /root /srv /opt /usr/local /var /run /tmp /dev/shm -xdev \
  \( -path /var/log -o -path /var/cache -o -path /var/lib/systemd -o -path /var/lib/dpkg -o -path /run/systemd -o -path /run/udev -o -path /run/netns -o -path /run/avahi-daemon \
  -o -path /run/log -o -path /run/sudo -o -path /etc/ssl/certs -o -name .sudo_as_admin_successful \) -prune -o \
  \( -type d -printf '%M %u:%g %p/\n' -o -type f -printf '%M %u:%g %p %s\n' -o -printf '%M %u:%g %p %l\n' \)
)
