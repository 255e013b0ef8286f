#!/bin/sh
# NetworkManager asks DHCP where a profile says nothing of IPv4, and cloud-init's profile of a card with
# addresses of IPv6 alone says nothing of it (cloud-init writes its profiles once for each machine).
# @begin
for profile in /etc/NetworkManager/system-connections/cloud-init-*.nmconnection; do
    grep -qs '^\[ipv6\]' "$profile" || continue
    if grep -q '^\[ipv4\]' "$profile"; then continue; fi
    printf '\n[ipv4]\nmethod=disabled\n' >>"$profile"
    nmcli connection reload
    nmcli --wait 20 connection up uuid "$(sed -n 's/^uuid=//p' "$profile")"
done
