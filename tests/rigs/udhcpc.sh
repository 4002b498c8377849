#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What udhcpc of the inner guest does with the address that it was given.
# shellcheck disable=SC2154  # the variables are its
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
ip route add default via "$router" dev "$interface"
echo "bound to $ip/$mask, router $router, dns $dns"
