#!/bin/busybox sh
# First process of a guest: prepares the machine, applies what the driver passes by fw_cfg, then becomes busybox init.
# Every fork costs about 5 ms under emulation, so there are few.
export PATH=/usr/bin HOME=/root
/usr/bin/busybox --install -s /usr/bin 2>/dev/null
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm

# Before there are interfaces: static addresses must answer at once, not after a second of duplicate address detection.
echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad

read -r release </proc/sys/kernel/osrelease
while read -r module; do insmod "/$module"; done <"/usr/lib/modules/$release/load-at-boot"

ip link set lo up

# Prints the name of the interface with this hardware address.
interface_with() {
  for folder in /sys/class/net/*; do
    read -r address <"$folder/address"
    if [ "$address" = "$1" ]; then
      echo "${folder##*/}"
      return
    fi
  done
  echo "guest: there is no interface with hardware address $1" >/dev/console
  return 1
}

disable_ipv6() { echo 1 >"/proc/sys/net/ipv6/conf/$1/disable_ipv6"; }

# name, uid, home, shell, password hash (empty: no password is asked for; *: none fits)
add_user() {
  echo "$1:x:$2:$2::$3:$4" >>/etc/passwd
  echo "$1:x:$2:" >>/etc/group
  echo "$1:$5:19000:0:99999:7:::" >>/etc/shadow
  mkdir -p "$3"
  chown "$2:$2" "$3"
  chmod 700 "$3"
}

# user, uid, home, text of the file
authorize_keys() {
  mkdir -p "$3/.ssh"
  echo "$4" >>"$3/.ssh/authorized_keys"
  chown -R "$2:$2" "$3/.ssh"
  chmod 700 "$3/.ssh"
  chmod 600 "$3/.ssh/authorized_keys"
}

# The driver always passes a configuration; without one this is a bare machine to look at.
configuration=/sys/firmware/qemu_fw_cfg/by_name/opt/kubevirt-acceptance/configuration/raw
: >/etc/passwd
: >/etc/group
(umask 077 && : >/etc/shadow)
if [ -e "$configuration" ]; then
  cat "$configuration" >/run/configuration
  . /run/configuration
else
  add_user root 0 /root /bin/sh ''
  echo localhost >/etc/hostname
fi
hostname -F /etc/hostname
read -r name </etc/hostname
echo "127.0.0.1 localhost $name
::1 localhost $name" >/etc/hosts

exec /usr/bin/busybox init
