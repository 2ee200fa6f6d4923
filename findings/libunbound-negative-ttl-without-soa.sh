#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# libunbound 1.17.1: ub_result.ttl of a negative answer.
#
# Guess: an NXDOMAIN without a SOA record has no TTL of its own, so the result says 0, or a short time: RFC 2308
#        section 5 says that such an answer should not be cached.
# Seen:  it says 32768, nine hours, and 30 where the SOA's minimum is 30.
# So:    a caller that keeps negative answers for ub_result.ttl keeps some for nine hours. rbldnsd without $SOA and
#        small forwarders answer without SOA.
set -eu
dir=$(mktemp -d)
trap '[ -z "${server:-}" ] || kill "$server"; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq libunbound8=1.17.1-2+deb12u4 libevent-2.1-7=2.1.12-stable-8 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done

# A name server that answers NXDOMAIN, with a SOA only where the name begins with "soa".
cat >server.py <<'end'
import socket, struct
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(('127.0.0.1', 0))
print(server.getsockname()[1], flush=True)
soa = b'\1a\0\1b\0' + struct.pack('>IIIII', 1, 2, 3, 4, 30)
soa = b'\7example\0' + struct.pack('>HHIH', 6, 1, 300, len(soa)) + soa
while True:
	query, client = server.recvfrom(4096)
	last = query.index(b'\0', 12) + 5
	has_soa = query[13:16] == b'soa'
	head = query[:2] + struct.pack('>HHHHH', 0x8583, 1, 0, has_soa, 0)
	server.sendto(head + query[12:last] + (soa if has_soa else b''), client)
end
mkfifo port # the server's port number
python3 server.py >port &
server=$!
read -r number <port

cat >ask.py <<'end'
import ctypes, sys
class Result(ctypes.Structure):
	_fields_ = [('qname', ctypes.c_char_p), ('qtype', ctypes.c_int), ('qclass', ctypes.c_int),
		('data', ctypes.c_void_p), ('len', ctypes.c_void_p), ('canonname', ctypes.c_char_p),
		('rcode', ctypes.c_int), ('answer_packet', ctypes.c_void_p), ('answer_len', ctypes.c_int),
		('havedata', ctypes.c_int), ('nxdomain', ctypes.c_int), ('secure', ctypes.c_int),
		('bogus', ctypes.c_int), ('why_bogus', ctypes.c_char_p), ('was_ratelimited', ctypes.c_int),
		('ttl', ctypes.c_int)]
library = ctypes.CDLL(sys.argv[1])
library.ub_ctx_create.restype = ctypes.c_void_p
context = ctypes.c_void_p(library.ub_ctx_create())
library.ub_ctx_set_option(context, b'do-not-query-localhost:', b'no')
library.ub_ctx_set_fwd(context, b'127.0.0.1@' + sys.argv[2].encode())
for name in b'soa.example', b'plain.example':
	result = ctypes.POINTER(Result)()
	library.ub_resolve(context, name, 15, 1, ctypes.byref(result))
	print(name.decode(), 'nxdomain', result.contents.nxdomain, 'ttl', result.contents.ttl)
end
library=$(find . -name 'libunbound.so.8')
LD_LIBRARY_PATH=$(dirname "$library") python3 ask.py "$library" "$number" | tee seen
diff - seen <<'end'
soa.example nxdomain 1 ttl 30
plain.example nxdomain 1 ttl 32768
end
echo "libunbound 1.17.1: as described"
