/* SPDX-License-Identifier: BSD-2-Clause */
/* Configurations that are refused, with line and words. test_config_files.c: other files. */
#include "config/config.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_file.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

TestSuite(config_errors, .init = config_file_setup, .fini = config_file_teardown);

struct refusal {
	const char *text;
	const char *error;
};

#define NORMAL	  "pool \"normal\" { addresses = { \"192.0.2.10\" } }\n"
#define HIGH_RISK "pool \"high-risk\" { addresses = { \"198.51.100.20\" } }\n"

/* `keys` stands in the third line, in a pool or in a sender. */
#define IN_POOL(keys)	TWO_POOLS "pool \"third\" { addresses = \"203.0.113.9\" " keys " }\n"
#define IN_SENDER(keys) TWO_POOLS "sender \"one\" { " keys " }\n"

#define TEXT_65 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEYS                                                                                       \
	"pool, sender, policy, tenant, "                                                           \
	"interfaces, ports, ingress, egress, default, forwarded_masquerade, plumb, "               \
	"hold_until_up, "                                                                          \
	"pin_path, flows_max, "                                                                    \
	"sender_flows_max, sender_connections_per_minute, senders_max, "                           \
	"timeout_established_sec, timeout_transitory_sec, runtime_dir, state, user, commanders, "  \
	"tellers, metrics, "                                                                       \
	"internal_domains, identity, sender_forms, relay_dkim, senders_tracked_max, "              \
	"decisions_max, "                                                                          \
	"milter, milter_inet, socketmap, lanes, on_agent_down, spam_marks, authserv_ids, "         \
	"resolver, "                                                                               \
	"mail_dns_aaaa, "                                                                          \
	"mail_dns_null_mx, dns_timeout_ms"
#define NOT_PUBLIC "expected a unicast address (not unspecified, loopback, multicast or broadcast)"
#define NOT_A_WORD "expected an address, then 'weight N', 'handle ADDRESS' or 'helo NAME'"
#define NOT_A_HANDLE                                                                               \
	"expected a unicast address that is not loopback (the kernel lets no packet from "         \
	"127.0.0.0/8 or ::1 leave the host)"
#define NOT_A_HELO                                                                                 \
	"expected a domain name such as 'out.example.net' or an address literal such as "          \
	"'[192.0.2.1]'"
#define NOT_A_CGROUP                                                                               \
	"expected a path below the cgroup v2 mount such as '/system.slice/shop.service'"
#define NOT_AN_INTERFACE "expected a name of 1 to 15 characters without blanks, '/' and ':'"
#define NOT_PLAIN                                                                                  \
	"expected a key, a value (in quotes where it is more than a word), '=', ',' or braces"
#define NOT_A_NAME "expected a letter or digit, then letters, digits or . _ @ + -"

/* Errors of the text come before those of its keys. */
#define METRICS_EXPECTED                                                                           \
	", expected an address and a port like 127.0.0.1:9525 or [::1]:9525, or 'off'"

static const struct refusal of_text[] = {
	{"", ":1: found an empty file, expected at least the pools 'normal' and 'high-risk'"},
	{"\n\n# nothing\n\n", ":4: found no pool 'normal', expected pool \"normal\" { … }"},
	{"ports = { 25 }\n\x7f"
	 "ELF",
	 ":2: found byte 0x7f, expected text"},
	{"ports = { 25 }\n\xff\xfe", ":2: found byte 0xff, expected text"},
	{"user = \"j\xc3\xb6rg\"", ":1: found byte 0xc3, expected text"},
	{"ports = { 25 }\nuser = \"x\nports = { 26 }\n",
	 ":2: found a string that is never closed, expected \" before the end of the line"},
	{"user = 'x",
	 ":1: found a string that is never closed, expected ' before the end of the line"},
	{"\n\"", ":2: found a string that is never closed, expected \" before the end of the line"},
	{"# one\n\n/* two\n", ":3: found a comment that is never closed, expected '*/'"},
	{"pool \"a\" {\n helo = x\n", ":1: found '{' that is never closed, expected '}'"},
	{"pool \"a\" {\npool \"b\" {\n}\n", ":1: found '{' that is never closed, expected '}'"},
	{"user = \"a\\n\"", ":1: found '\\' in a string, expected '\\\\', '\\\"' or quotes of the "
			    "other kind ('…')"},
	{"\nuser = \"\"", ":2: found an empty string, expected text in it"},
	{"'' = 1", ":1: found an empty string, expected text in it"},
	{"mark = 7*", ":1: found '*', " NOT_PLAIN},
	{"ports + 7", ":1: found '+', " NOT_PLAIN},
	{"a; b", ":1: found ';', " NOT_PLAIN},
	{"polo \"a\" { }", ":1: found 'polo', expected one of " KEYS},
	{"\n\npool \"a\" {\n\tweight = 2 }",
	 ":4: found 'weight', expected one of addresses, handles, "
	 "helo, when_empty"},
	{"sender \"a\" { limit = 5 }",
	 ":1: found 'limit', expected one of source, mark, uid, cgroup, policy, "
	 "connections_per_minute, flows_max"},
	{"Ports = 25", ":1: found 'Ports', expected one of " KEYS},
	{"\"pool|x\" = 1", ":1: found 'pool|x', expected one of " KEYS},
	{"include(\"/etc/passwd\")", ":1: found 'include', expected one of " KEYS},
	{"ports = { 25 26 }", ":1: found '26', expected ',' or '}'"},
	{"ports = { 25\n\n= }", ":3: found '=', expected ',' or '}'"},
	{"ports = { 25 += }", ":1: found '+=', expected ',' or '}'"},
	{"user = }", ":1: found '}', expected a value"},
	{"= 1", ":1: found '=', expected a key"},
	{"user \"x\"", ":1: found 'user' without '=', expected user = VALUE"},
	{"user += \"x\"", ":1: found '+=', expected '=': 'user' is no list"},
	{"pool { }", ":1: found 'pool' without a name, expected pool \"NAME\" { … }"},
	{"pool = \"x\"", ":1: found 'pool' without a name, expected pool \"NAME\" { … }"},
	{"sender \"x\" = 1", ":1: found 'sender' without '{', expected sender \"NAME\" { … }"},
	{"ports = 25\n}", ":2: found '}', expected a key or the end of the file"},
	{"ports = 25\nuser =\n", ":3: found the end of the file, expected a value"},
	{"ports = 25\nuser = a\n# again\nports = 26",
	 ":4: found 'ports' again, expected it once (it is at line 1)"},
	{"user = \"a\"\nuser = \"a\"",
	 ":2: found 'user' again, expected it once (it is at line 1)"},
	{TWO_POOLS "ports = 26\nports = { }",
	 ":4: found 'ports' again, expected it once (it is at line 3)"},
};

static const struct refusal of_the_top_level[] = {
	{TWO_POOLS "ports = 0", ":3: found port '0', expected a number from 1 to 65535"},
	{TWO_POOLS "ports = 70000", ":3: found port '70000', expected a number from 1 to 65535"},
	{TWO_POOLS "ports = smtp", ":3: found port 'smtp', expected a number from 1 to 65535"},
	{TWO_POOLS "ports = \"-25\"", ":3: found port '-25', expected a number from 1 to 65535"},
	{TWO_POOLS "ports = 4294967321",
	 ":3: found port '4294967321', expected a number from 1 to 65535"},
	{TWO_POOLS "ports = {\n25,\n465,\n0x19 }", ":6: found port '25' again, expected it once"},
	{TWO_POOLS "ports = { 1,2,3,4,5,6,7,8,\n9 }",
	 ":4: found port '9', expected at most 8 ports"},
	{TWO_POOLS "ports = { }\n#", ":4: found no port in 'ports', expected 1 to 8 ports"},
	{TWO_POOLS "interfaces = { \"0123456789abcdef\" }",
	 ":3: found interface '0123456789abcdef', " NOT_AN_INTERFACE},
	{TWO_POOLS "interfaces = \"eth0:1\"", ":3: found interface 'eth0:1', " NOT_AN_INTERFACE},
	{TWO_POOLS "interfaces = { \"eth0\", \"lo\",\n\"eth0\" }",
	 ":4: found interface 'eth0' again, expected it once"},
	{TWO_POOLS "ingress = \"skb\"", ":3: found ingress 'skb', expected 'auto', 'xdp' or 'tc'"},
	{TWO_POOLS "egress = \"tc\"", ":3: found egress 'tc', expected 'auto', 'tcx' or 'clsact'"},
	{TWO_POOLS "plumb = 1", ":3: found plumb '1', expected 'true' or 'false'"},
	{TWO_POOLS "pin_path = \"bpf/postern\"",
	 ":3: found pin_path 'bpf/postern', expected a path that begins with '/', of at most 3968 "
	 "characters, without '..', for Postern alone"},
	{TWO_POOLS "pin_path = \"/\"",
	 ":3: found pin_path '/', expected a path that begins with '/', of at most 3968 "
	 "characters, without '..', for Postern alone"},
	{TWO_POOLS "pin_path = \"/sys/fs/bpf//\"", ":3: found pin_path '/sys/fs/bpf//', expected a "
						   "path that begins with '/', of at most 3968 "
						   "characters, without '..', for Postern alone"},
	{TWO_POOLS "pin_path = \"/sys/fs/bpf/x/..\"",
	 ":3: found pin_path '/sys/fs/bpf/x/..', expected a path that begins with '/', of at most "
	 "3968 characters, without '..', for Postern alone"},
	{TWO_POOLS "pin_path = \"/sys/fs/bpf/../x\"",
	 ":3: found pin_path '/sys/fs/bpf/../x', expected a path that begins with '/', of at most "
	 "3968 characters, without '..', for Postern alone"},
	{TWO_POOLS "runtime_dir = 5", ":3: found runtime_dir '5', expected a path that begins with "
				      "'/', of at most 92 characters"},
	{TWO_POOLS "runtime_dir = \"/" TEXT_65 TEXT_65 "\"",
	 ":3: found runtime_dir '/" TEXT_65 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', expected a path "
	 "that begins with '/', of at most 92 characters"},
	{TWO_POOLS "state = \"state.db\"",
	 ":3: found state 'state.db', expected a path that begins with '/', of at most 3968 "
	 "characters"},
	{TWO_POOLS "user = 12", ":3: found user '12', expected the name of a user"},
	{TWO_POOLS "metrics = \"9525\"", ":3: found metrics '9525'" METRICS_EXPECTED},
	{TWO_POOLS "metrics = \"localhost:9525\"",
	 ":3: found metrics 'localhost:9525'" METRICS_EXPECTED},
	{TWO_POOLS "metrics = \"127.0.0.1:0\"", ":3: found metrics '127.0.0.1:0'" METRICS_EXPECTED},
	{TWO_POOLS "metrics = \"127.0.0.1:65536\"",
	 ":3: found metrics '127.0.0.1:65536'" METRICS_EXPECTED},
	{TWO_POOLS "metrics = \"127.0.0.1:25x\"",
	 ":3: found metrics '127.0.0.1:25x'" METRICS_EXPECTED},
	{TWO_POOLS "metrics = \"::1:9525\"", ":3: found metrics '::1:9525'" METRICS_EXPECTED},
	{TWO_POOLS "metrics = \"[127.0.0.1]:9525\"",
	 ":3: found metrics '[127.0.0.1]:9525'" METRICS_EXPECTED},
	{TWO_POOLS "metrics = \"[::1]\"", ":3: found metrics '[::1]'" METRICS_EXPECTED},
	{TWO_POOLS "flows_max = 1023",
	 ":3: found flows_max '1023', expected a number from 1024 to 16777216"},
	{TWO_POOLS "flows_max = 16777217",
	 ":3: found flows_max '16777217', expected a number from 1024 to 16777216"},
	{TWO_POOLS "sender_flows_max = 16777217",
	 ":3: found sender_flows_max '16777217', expected a number from 0 to 16777216"},
	{TWO_POOLS "sender_flows_max = -1",
	 ":3: found sender_flows_max '-1', expected a number from 0 to 16777216"},
	{TWO_POOLS "sender_connections_per_minute = 1000001",
	 ":3: found sender_connections_per_minute '1000001', expected a number from 0 to 1000000"},
	{TWO_POOLS "sender_connections_per_minute = \"60/m\"",
	 ":3: found sender_connections_per_minute '60/m', expected a number from 0 to 1000000"},
	{TWO_POOLS "senders_max = 4194305",
	 ":3: found senders_max '4194305', expected a number from 1024 to 4194304"},
	{TWO_POOLS "timeout_established_sec = 7439",
	 ":3: found timeout_established_sec '7439', expected a number from 7440 to 31536000"},
	{TWO_POOLS "timeout_transitory_sec = 239",
	 ":3: found timeout_transitory_sec '239', expected a number from 240 to 31536000"},
	{TWO_POOLS "timeout_transitory_sec = \"4m\"",
	 ":3: found timeout_transitory_sec '4m', expected a number from 240 to 31536000"},
	{TWO_POOLS "default = \"relay\"",
	 ":3: found default 'relay', expected the name of a pool, 'pass' or 'drop'"},
	{TWO_POOLS "default = 7",
	 ":3: found default '7', expected the name of a pool, 'pass' or 'drop'"},
};

static const struct refusal of_pools[] = {
	{NORMAL, ":1: found no pool 'high-risk', expected pool \"high-risk\" { … }"},
	{HIGH_RISK "\n\n", ":3: found no pool 'normal', expected pool \"normal\" { … }"},
	{TWO_POOLS "\npool\n\"normal\"\n{ addresses = \"192.0.2.1\" }",
	 ":6: found pool 'normal' again, expected it once (it is at line 1)"},
	{TWO_POOLS "pool \"a\" { }", ":3: found pool 'a' without addresses, expected at least one"},
	{TWO_POOLS "pool \"a\" { addresses = { } }",
	 ":3: found pool 'a' without addresses, expected at least one"},
	{TWO_POOLS "pool \"-a\" { }", ":3: found pool name '-a', " NOT_A_NAME},
	{TWO_POOLS "pool \"handle/a\" { }", ":3: found pool name 'handle/a', " NOT_A_NAME},
	{TWO_POOLS "pool \"a b\" { }", ":3: found pool name 'a b', " NOT_A_NAME},
	{TWO_POOLS "pool \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" { }",
	 ":3: found pool name 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', expected at most 31 characters"},
	{TWO_POOLS "pool \"hold\" { }",
	 ":3: found pool name 'hold', expected another: the word is reserved"},
	{IN_POOL("addresses += {\n\"192.0.2.300\" }"),
	 ":4: found '192.0.2.300', expected an IPv4 or IPv6 address, or such an address and "
	 "'weight N'"},
	{IN_POOL("addresses += 5"),
	 ":3: found '5', expected an IPv4 or IPv6 address, or such an address and 'weight N'"},
	{IN_POOL("addresses += \"192.0.2.0/24\""), ":3: found '192.0.2.0/24', expected an IPv4 or "
						   "IPv6 address, or such an address and 'weight "
						   "N'"},
	{IN_POOL("addresses += \"192.0.2.1 weight 0\""),
	 ":3: found '192.0.2.1 weight 0', expected 'weight' and a number from 1 to 1000 behind the "
	 "address"},
	{IN_POOL("addresses += \"192.0.2.1 weight 1001\""),
	 ":3: found '192.0.2.1 weight 1001', expected 'weight' and a number from 1 to 1000 behind "
	 "the "
	 "address"},
	{IN_POOL("addresses += \"192.0.2.1 weight\""),
	 ":3: found '192.0.2.1 weight', expected 'weight' and a number from 1 to 1000 behind the "
	 "address"},
	{IN_POOL("addresses += \"192.0.2.1 2\""), ":3: found '192.0.2.1 2', " NOT_A_WORD},
	{IN_POOL("addresses += \"192.0.2.1 weight2\""),
	 ":3: found '192.0.2.1 weight2', " NOT_A_WORD},
	{IN_POOL("addresses += \"192.0.2.1 weight 2 weight 3\""),
	 ":3: found '192.0.2.1 weight 2 weight 3', expected each word once"},
	{IN_POOL("addresses += \"192.0.2.1 handle 10.0.0.1 handle 10.0.0.2\""),
	 ":3: found '192.0.2.1 handle 10.0.0.1 handle 10.0.0.2', expected each word once"},
	{IN_POOL("addresses += \"192.0.2.1 helo a.example helo b.example\""),
	 ":3: found '192.0.2.1 helo a.example helo b.example', expected each word once"},
	{IN_POOL("addresses += \"192.0.2.1 handle\""),
	 ":3: found handle '', expected an IPv4 address, like the one it stands for"},
	{IN_POOL("addresses += \"192.0.2.1 handle fd00::1\""),
	 ":3: found handle 'fd00::1', expected an IPv4 address, like the one it stands for"},
	{IN_POOL("addresses += \"2001:db8::1 handle 10.0.0.1\""),
	 ":3: found handle '10.0.0.1', expected an IPv6 address, like the one it stands for"},
	{IN_POOL("addresses += \"192.0.2.1 handle 127.0.0.9\""),
	 ":3: found handle '127.0.0.9', " NOT_A_HANDLE},
	{IN_POOL("addresses += \"192.0.2.1 helo mail\""), ":3: found helo 'mail', " NOT_A_HELO},
	{IN_POOL("addresses += \"192.0.2.1 helo\""), ":3: found helo '', " NOT_A_HELO},
	{TWO_POOLS "lanes = \"address\"\npool \"third\" { addresses = { \"192.0.2.1 handle "
		   "10.0.0.1\",\n\"192.0.2.2\" } }",
	 ":5: found '192.0.2.2' without a handle of its own, expected one for each address of pool "
	 "'third' or for none (lanes = \"address\")"},
	{TWO_POOLS "lanes = \"addresses\"",
	 ":3: found lanes 'addresses', expected 'pool' or 'address'"},
	{TWO_POOLS "pool \"192.0.2.1\" { }",
	 ":3: found pool name '192.0.2.1', expected another: it is an address"},
	{IN_POOL("addresses += \"0.0.0.0\""), ":3: found '0.0.0.0', " NOT_PUBLIC},
	{IN_POOL("addresses += \"127.0.0.1 weight 3\""),
	 ":3: found '127.0.0.1 weight 3', " NOT_PUBLIC},
	{IN_POOL("addresses += \"224.0.0.1\""), ":3: found '224.0.0.1', " NOT_PUBLIC},
	{IN_POOL("addresses += \"::1\""), ":3: found '::1', " NOT_PUBLIC},
	{IN_POOL("addresses += \"ff02::1\""), ":3: found 'ff02::1', " NOT_PUBLIC},
	{IN_POOL("handles = \"127.0.0.2\""), ":3: found handle '127.0.0.2', " NOT_A_HANDLE},
	{IN_POOL("handles = \"::1\""), ":3: found handle '::1', " NOT_A_HANDLE},
	{IN_POOL("handles = \"10.0.0.1 weight 2\""),
	 ":3: found handle '10.0.0.1 weight 2', expected an IPv4 or IPv6 address"},
	{IN_POOL("helo = 25"), ":3: found helo '25', " NOT_A_HELO},
	{IN_POOL("helo = \"mail\""), ":3: found helo 'mail', " NOT_A_HELO},
	{IN_POOL("helo = \"192.0.2.1\""), ":3: found helo '192.0.2.1', " NOT_A_HELO},
	{IN_POOL("helo = \"a.b.\""), ":3: found helo 'a.b.', " NOT_A_HELO},
	{IN_POOL("helo = \"-a.b\""), ":3: found helo '-a.b', " NOT_A_HELO},
	{IN_POOL("helo = \"a_b.example\""), ":3: found helo 'a_b.example', " NOT_A_HELO},
	{IN_POOL("helo = \"a b.example\""), ":3: found helo 'a b.example', " NOT_A_HELO},
	{IN_POOL("helo = \"[192.0.2]\""), ":3: found helo '[192.0.2]', " NOT_A_HELO},
	{IN_POOL("helo = \"[2001:db8::1]\""), ":3: found helo '[2001:db8::1]', " NOT_A_HELO},
	{IN_POOL("helo = \"a." TEXT_65 "\""), ":3: found helo 'a." TEXT_65 "', " NOT_A_HELO},
	{IN_POOL("when_empty = \"lost\""),
	 ":3: found when_empty 'lost', expected the name of a pool or 'hold'"},
	{IN_POOL("when_empty = \"drop\""),
	 ":3: found when_empty 'drop', expected the name of a pool or 'hold'"},
	{IN_POOL("when_empty = \"third\""),
	 ":3: found when_empty path 'third' -> 'third', expected one that ends with 'hold'"},
	{TWO_POOLS "pool \"a\" { addresses = \"10.0.0.1\" when_empty = \"b\" }\n"
		   "pool \"b\" { addresses = \"10.0.0.2\"\nwhen_empty = \"c\" }\n"
		   "pool \"c\" { addresses = \"10.0.0.3\" when_empty = \"b\" }\n",
	 ":5: found when_empty path 'b' -> 'c' -> 'b', expected one that ends with 'hold'"},
	{NORMAL "pool \"high-risk\" { addresses = \"10.0.0.1\"\nwhen_empty = \"normal\" }\n",
	 ":3: found when_empty path 'high-risk' -> 'normal', expected none from 'high-risk' to "
	 "'normal'"},
	{NORMAL "pool \"high-risk\" { addresses = \"10.0.0.1\" when_empty = \"relay\" }\n"
		"pool \"relay\" { addresses = \"10.0.0.2\" when_empty = \"normal\" }\n",
	 ":2: found when_empty path 'high-risk' -> 'relay' -> 'normal', expected none from "
	 "'high-risk' "
	 "to 'normal'"},
	{"pool \"normal\" { addresses = \"10.0.0.1\" when_empty = \"high-risk\" }\n"
	 "pool \"high-risk\" { addresses = \"10.0.0.2\" when_empty = \"normal\" }\n",
	 ":2: found when_empty path 'high-risk' -> 'normal', expected none from 'high-risk' to "
	 "'normal'"},
};

static const struct refusal of_senders[] = {
	{TWO_POOLS
	 "sender \"a\" { mark = 1 }\nsender \"b\" { mark = 2 }\nsender \"a\" { mark = 3 }",
	 ":5: found sender 'a' again, expected it once (it is at line 3)"},
	{IN_SENDER("mark = 1 connections_per_minute = 1000001"),
	 ":3: found connections_per_minute '1000001', expected a number from 0 to 1000000"},
	{IN_SENDER("mark = 1 connections_per_minute = many"),
	 ":3: found connections_per_minute 'many', expected a number from 0 to 1000000"},
	{IN_SENDER("mark = 1\nflows_max = 16777217"),
	 ":4: found flows_max '16777217', expected a number from 0 to 16777216"},
	{IN_SENDER("mark = 1 flows_max = { 1 }"), ":3: found '{', expected a value"},
	{IN_SENDER("connections_per_minute = 1"),
	 ":3: found sender 'one' without a selector, expected source, mark, uid or cgroup"},
	{TWO_POOLS "sender \"a\" { }",
	 ":3: found sender 'a' without a selector, expected source, mark, uid or cgroup"},
	{TWO_POOLS "sender \"handle/normal\" { }",
	 ":3: found sender name 'handle/normal', " NOT_A_NAME},
	{TWO_POOLS "sender \"" TEXT_65 "\" { }",
	 ":3: found sender name '" TEXT_65 "', expected at most 63 characters"},
	{IN_SENDER("source = \"10.1.7.1/24\""),
	 ":3: found '10.1.7.1/24', expected no host bits behind the prefix"},
	{IN_SENDER("source = \"10.1.7.0/33\""),
	 ":3: found '10.1.7.0/33', expected a prefix length of at most 32 (IPv4) or 128 (IPv6)"},
	{IN_SENDER("source = \"10.1.7\""),
	 ":3: found '10.1.7', expected an address or a prefix such as '10.1.7.0/24'"},
	{IN_SENDER("source = 7"),
	 ":3: found '7', expected an address or a prefix such as '10.1.7.0/24'"},
	{IN_SENDER("source = \"127.0.0.1\""), ":3: found '127.0.0.1', " NOT_PUBLIC},
	{IN_SENDER("mark = 0"), ":3: found mark '0', expected a number from 1 to 4294967295"},
	{IN_SENDER("mark = {\n1,\n4294967296 }"),
	 ":5: found mark '4294967296', expected a number from 1 to 4294967295"},
	{IN_SENDER("mark = 0x100000000"),
	 ":3: found mark '0x100000000', expected a number from 1 to 4294967295"},
	{IN_SENDER("mark = 99999999999999999999"),
	 ":3: found mark '99999999999999999999', expected a number from 1 to 4294967295"},
	{IN_SENDER("mark = 0x"), ":3: found mark '0x', expected a number from 1 to 4294967295"},
	{IN_SENDER("mark = 7x"), ":3: found mark '7x', expected a number from 1 to 4294967295"},
	{IN_SENDER("uid = \"no-such-user\""),
	 ":3: found uid 'no-such-user', expected a user of this host or a number"},
	{IN_SENDER("uid = 4294967295"),
	 ":3: found uid '4294967295', expected a number from 0 to 4294967294"},
	{IN_SENDER("cgroup = \"system.slice\""), ":3: found cgroup 'system.slice', " NOT_A_CGROUP},
	{IN_SENDER("cgroup = \"/a//b\""), ":3: found cgroup '/a//b', " NOT_A_CGROUP},
	{IN_SENDER("cgroup = \"/a/\""), ":3: found cgroup '/a/', " NOT_A_CGROUP},
	{IN_SENDER("cgroup = \"/a/../b\""), ":3: found cgroup '/a/../b', " NOT_A_CGROUP},
	{IN_SENDER("cgroup = \"/./a\""), ":3: found cgroup '/./a', " NOT_A_CGROUP},
	{IN_SENDER("cgroup = \"/a/.\""), ":3: found cgroup '/a/.', " NOT_A_CGROUP},
};

#define ONE_PLACE "expected it in one place only (it is "

static const struct refusal of_duplicates[] = {
	{IN_POOL("addresses += \"192.0.2.1 handle 10.0.0.1\"\nhandles = \"10.0.0.1\""),
	 ":4: found '10.0.0.1' as handle of pool 'third', " ONE_PLACE
	 "handle of pool 'third' at line 3)"},
	{IN_POOL("addresses += { \"192.0.2.1 handle 10.0.0.1\",\n\"192.0.2.2 handle 10.0.0.1\" }"),
	 ":4: found '10.0.0.1' as handle of pool 'third', " ONE_PLACE
	 "handle of pool 'third' at line 3)"},
	{IN_POOL("\naddresses += \"192.0.2.1 handle 192.0.2.10\""),
	 ":4: found '192.0.2.10' as handle of pool 'third', " ONE_PLACE
	 "address of pool 'normal' at line 1)"},
	{IN_POOL("addresses += \"192.0.2.1 handle 10.0.0.1\"") "sender \"a\" { source = { "
							       "\"10.0.0.0/31\",\n\"10.0.0.1\" } }",
	 ":5: found source '10.0.0.1', expected no handle (it is one of pool 'third' "
	 "at line 3)"},
	{NORMAL "pool \"high-risk\" {\naddresses = { \"198.51.100.20\",\n\"192.0.2.10\" } }",
	 ":4: found '192.0.2.10' as address of pool 'high-risk', " ONE_PLACE
	 "address of pool 'normal' at line 1)"},
	{IN_POOL("addresses += \"203.0.113.9 weight 2\""),
	 ":3: found '203.0.113.9' as address of pool 'third', " ONE_PLACE
	 "address of pool 'third' at line 3)"},
	{IN_POOL("addresses += { \"2001:db8::1\",\n\"2001:DB8:0::1\" }"),
	 ":4: found '2001:db8::1' as address of pool 'third', " ONE_PLACE
	 "address of pool 'third' at line 3)"},
	{IN_POOL("handles = { \"10.0.0.1\",\n\"10.0.0.1\" }"),
	 ":4: found '10.0.0.1' as handle of pool 'third', " ONE_PLACE
	 "handle of pool 'third' at line 3)"},
	{IN_POOL("\nhandles = \"192.0.2.10\""),
	 ":4: found '192.0.2.10' as handle of pool 'third', " ONE_PLACE
	 "address of pool 'normal' at line 1)"},
	{IN_POOL("handles = \"10.0.0.1\"") "sender \"a\" { source = { "
					   "\"10.0.0.0/31\",\n\"10.0.0.1\" } }",
	 ":5: found source '10.0.0.1', expected no handle (it is one of pool 'third' "
	 "at "
	 "line 3)"},
	{IN_POOL("handles = \"fd00::1\"") "sender \"a\" { source = \"fd00::1/128\" }",
	 ":4: found source 'fd00::1', expected no handle (it is one of pool 'third' at "
	 "line 3)"},
	{IN_SENDER("source = \"10.1.7.0/24\"") "sender \"b\" { source = \"10.1.7.0/24\" }",
	 ":4: found source '10.1.7.0/24' of sender 'b', " ONE_PLACE "of sender 'one' at line 3)"},
	{IN_SENDER("source = \"10.1.7.1\"") "sender \"b\" { source = \"10.1.7.1/32\" }",
	 ":4: found source '10.1.7.1' of sender 'b', " ONE_PLACE "of sender 'one' at line 3)"},
	{IN_SENDER("mark = { 7, 16 }") "sender \"b\" { mark = 0x10 }",
	 ":4: found mark '16' of sender 'b', " ONE_PLACE "of sender 'one' at line 3)"},
	{IN_SENDER("mark = { 7, 7 }"),
	 ":3: found mark '7' of sender 'one', " ONE_PLACE "of sender 'one' at line 3)"},
	{IN_SENDER("uid = \"root\"") "sender \"b\" { uid = 0 }",
	 ":4: found uid '0' of sender 'b', " ONE_PLACE "of sender 'one' at line 3)"},
	{IN_SENDER("cgroup = \"/a\"") "sender \"b\" { cgroup = \"/a\" }",
	 ":4: found cgroup '/a' of sender 'b', " ONE_PLACE "of sender 'one' at line 3)"},
};

static void expect_refusals(const struct refusal *refusals, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct config *config = NULL;

		cr_expect_str_eq(config_file_refusal(refusals[i].text), refusals[i].error,
				 "%s\n  gives    %s\n  expected %s", refusals[i].text,
				 config_file_refusal(refusals[i].text), refusals[i].error);
		cr_expect_eq(config_file_try(refusals[i].text, &config), -EINVAL);
		cr_expect_null(config);
	}
}

Test(config_errors, text_that_is_not_of_the_syntax_is_refused)
{
	expect_refusals(of_text, COUNT(of_text));
}

Test(config_errors, values_of_the_top_level_are_checked)
{
	expect_refusals(of_the_top_level, COUNT(of_the_top_level));
}

Test(config_errors, pools_are_checked)
{
	expect_refusals(of_pools, COUNT(of_pools));
}

Test(config_errors, senders_are_checked)
{
	expect_refusals(of_senders, COUNT(of_senders));
}

Test(config_errors, what_stands_in_two_places_is_refused_with_both_lines)
{
	expect_refusals(of_duplicates, COUNT(of_duplicates));
}
