#!/bin/sh
# dnf's settings of a cloud image, before anything is installed; its file has one section, [main].
# @begin
# @if MIRROR
# Where the mirror is all that can be reached, the release's own sources are left out: some forbid that by a
# line of their own.
sed -i '/^skip_if_unavailable[ =]/d' /etc/dnf/dnf.conf /etc/yum.repos.d/*.repo
echo skip_if_unavailable=1 >>/etc/dnf/dnf.conf
# @end
# @if PROXY
printf '%s\n' @PROXY@ >>/etc/dnf/dnf.conf
# @end
