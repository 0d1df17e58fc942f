# What there is in a lab machine that a lab could leave behind: one fact a line, in an order that is always the same. Run by root.
(
# systemd answers late where the host is busy.
export SYSTEMD_BUS_TIMEOUT=240s
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
{
  ip -brief link | awk '{ print "link", $1, $2 }'
  ip -oneline address | awk '{ print "address", $2, $3, $4 }'
  { ip route show table all; ip -6 route show table all; } | sed 's/ expires [0-9]*sec//; s/^/route /'
  { ip rule; ip -6 rule; } | sed 's/^/rule /'
  ip netns list | sed 's/^/namespace /'
  nft --stateless list ruleset | sed 's/^/firewall /'
  # sysctl(8) takes four times as long; some of these only root's own programs may write, and nobody read.
  (cd /proc/sys/net && grep --no-messages '' ipv4/ip_forward ipv[46]/conf/{all,default,lo}/*) | sed 's/^/setting /'
  # The first 'ip netns add' makes /run/netns, and mounts it upon itself for good; what is in it is told above.
  findmnt --raw --noheadings --output TARGET,FSTYPE | grep --invert-match '^/run/netns ' | sed 's/^/mount /'
  # Which units are enabled, the links in /etc/systemd tell; to ask systemd takes ten seconds where the processor is emulated.
  systemctl list-units --no-legend --plain --state=active,failed --type=service,socket,path | awk '{ print "unit", $1, $3 }'
  # Kernel threads and udev's workers come and go as they like; this very line is nobody's leftover, nor is what the agent waits with.
  ps -e --no-headers -o ppid=,user:32=,args= | awk -v self="$BASHPID" '$1 != 2 && $1 != self { $1 = ""; print "process" $0 }' |
    grep -vE ' (\[kthreadd\]|\(udev-worker\)|bash -s|bash|sort|uniq --count|awk|ps -e|grep|cat|sleep 0\.2)( |$)'
  find /etc /home /root /srv /opt /usr/local /var /run /tmp /dev/shm -xdev \
    \( -path /var/log -o -path /var/cache -o -path /var/lib/systemd -o -path /var/lib/dpkg -o -path /run/systemd -o -path /run/udev -o -path /run/netns \
    -o -path /run/log -o -path /run/sudo -o -path /etc/ssl/certs -o -name .sudo_as_admin_successful \) -prune -o \
    \( -type d -printf 'file %M %u:%g %p/\n' -o -type f -printf 'file %M %u:%g %p %s\n' -o -printf 'file %M %u:%g %p %l\n' \)
} | LC_ALL=C sort | uniq --count | awk '{ count = $1; sub(/^ *[0-9]+ /, ""); print $0 (count > 1 ? " (" count " times)" : "") }'
)
