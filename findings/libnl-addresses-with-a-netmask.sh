#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# libnl 3.7.0: nl_addr_parse().
#
# Guess: a text that is no address of the family, or has a length over 32 or 128, gives an error; a netmask too.
# Seen:  what stands behind the slash is a number by strtol, unchecked: /255.255.255.0 is the length 255, /33 is 33.
#        With AF_UNSPEC, short and zero-padded dotted forms are DECnet addresses, "10.1" and "10.0.0.01" alike.
# So:    a configuration that is read by it takes a netmask without a word; name the family and check the length.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq libnl-3-200=3.7.0-0.2+b1 libnl-3-dev=3.7.0-0.2+b1 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done

cat >parse.c <<'end'
#include <netlink/addr.h>
#include <netlink/netlink.h>
#include <stdio.h>

static void parse(const char *text, int family)
{
	struct nl_addr *address = NULL;
	int error = nl_addr_parse(text, family, &address);

	printf("%s %s: ", text, family == AF_INET ? "INET" : "UNSPEC");
	if (error)
		printf("error %d\n", error);
	else
		printf("family %d, length %u\n", nl_addr_get_family(address), nl_addr_get_prefixlen(address));
	nl_addr_put(address);
}

int main(void)
{
	parse("10.0.0.1/24", AF_INET);
	parse("10.0.0.1/33", AF_INET);
	parse("10.0.0.1/255.255.255.0", AF_INET);
	parse("10.1", AF_INET);
	parse("10.1", AF_UNSPEC);
	parse("10.0.0.01", AF_UNSPEC);
	parse("2001:db8::/200", AF_UNSPEC);
}
end
libraries=$(dirname "$(find . -name 'libnl-3.so.200')")
gcc -Iusr/include/libnl3 parse.c -o parse "$libraries/libnl-3.so.200"
LD_LIBRARY_PATH=$libraries ./parse | tee seen
diff - seen <<'end'
10.0.0.1/24 INET: family 2, length 24
10.0.0.1/33 INET: family 2, length 33
10.0.0.1/255.255.255.0 INET: family 2, length 255
10.1 INET: error -19
10.1 UNSPEC: family 12, length 16
10.0.0.01 UNSPEC: family 12, length 16
2001:db8::/200 UNSPEC: family 10, length 200
end
echo "libnl 3.7.0: as described"
