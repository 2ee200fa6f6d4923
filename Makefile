# SPDX-License-Identifier: BSD-2-Clause
# make help lists the targets. Those for people (test, demo, …) install missing packages, then call make again: the
# flags below come from pkg-config.

BUILD   ?= build
CC      ?= gcc
CLANG   ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /sbin/bpftool) bpftool)
PREFIX  ?= /usr/local
DESTDIR ?=

LIBRARIES = libbpf libelf libnl-route-3.0 libmnl libevent libcurl jansson sqlite3 libunbound libidn2 libcap-ng
WARNINGS  = -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wstrict-prototypes
# The only place of the version; lint compares the head of .github/CHANGELOG.md.
VERSION   = 0.9.0
COMMIT    = $(shell git describe --always --dirty --exclude '*' 2>/dev/null)

FUZZ         ?= packet config api document socketmap journal message authres mailbox milter
FUZZ_SECONDS ?= 60

CFLAGS   ?= -O2 -g
SANITIZE ?=
SANITIZED = CFLAGS='-O1 -g -fno-omit-frame-pointer' \
            SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined'
override CFLAGS += -std=gnu11 $(WARNINGS) $(SANITIZE) -D_GNU_SOURCE
override CPPFLAGS += -Iinclude -iquote agent -I$(BUILD) $(shell pkg-config --cflags $(LIBRARIES) 2>/dev/null)
# libunistring has no file for pkg-config.
LDLIBS    = $(shell pkg-config --libs $(LIBRARIES) 2>/dev/null) -lunistring -lm
BPFFLAGS  = -target bpf -mcpu=v3 -g -O2 -Wall -Wextra -Werror -Iinclude \
            -I/usr/include/$(shell $(CC) -print-multiarch)

AGENT_C   = $(wildcard agent/*.c agent/*/*.c)
AGENT_O   = $(AGENT_C:%.c=$(BUILD)/%.o)
# Programs that the parts of tests/bench start.
BENCH_C   = $(filter-out tests/bench/test_% %.bpf.c,$(wildcard tests/bench/*.c))
STRESS_C  = $(wildcard tests/bench/stress/*.c)
STRESS    = $(STRESS_C:tests/bench/stress/%.c=$(BUILD)/stress-%)
BENCH     = $(addprefix $(BUILD)/bench-,packets programs syn talk agent hold) $(STRESS)
# Run by tests/soak/run, with what the namespace tests share.
SOAK_C    = $(wildcard tests/soak/*.c)
SOAK_O    = $(patsubst %.c,$(BUILD)/%.o,$(SOAK_C) \
                $(filter-out tests/netns/test_%,$(wildcard tests/netns/*.c tests/common/*.c)))
TESTS_C   = $(filter-out $(BENCH_C) $(SOAK_C) %.bpf.c,$(wildcard tests/*/*.c))
TESTS_O   = $(TESTS_C:%.c=$(BUILD)/%.o)
SOURCES   = $(wildcard bpf/*.[ch] agent/*.[ch] agent/*/*.[ch] include/postern/*.h tests/*/*.[ch] \
            tests/*/*/*.[ch])

# make V=1 shows whole commands.
quiet = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$@' &&)

.DELETE_ON_ERROR:
.DEFAULT_GOAL = all

all: libraries $(BUILD)/postern ## build build/postern

# A clearer error than that of a missing header.
libraries:
	@pkg-config --print-errors --exists $(LIBRARIES) || \
		{ echo "libraries are missing: run 'tools/install-deps build' as root" >&2; exit 1; }

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

# ---- the BPF programs, embedded as skeletons

OBJECTS   = $(notdir $(basename $(basename $(wildcard bpf/*.bpf.c))))
SKELETONS = $(OBJECTS:%=$(BUILD)/%.skel.h)

$(OBJECTS:%=$(BUILD)/%.bpf.o): $(BUILD)/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h include/postern/*.h)
	@mkdir -p $(@D)
	$(call quiet,BPF)$(CLANG) $(BPFFLAGS) -c $< -o $@

$(SKELETONS): $(BUILD)/%.skel.h: $(BUILD)/%.bpf.o
	$(call quiet,SKEL)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

# ---- user space

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# Listed by name: a pattern rule without a recipe would cancel the rule.
NEED_SKEL = $(addprefix $(BUILD)/,agent/datapath/% tests/packet/% tests/fuzz/%)
$(filter $(NEED_SKEL),$(AGENT_O) $(TESTS_O)): | $(SKELETONS)
# It embeds these texts.
$(BUILD)/agent/mta/template.o: $(wildcard agent/mta/exim/* agent/mta/postfix/*)
# Each commit has its own hash.
$(BUILD)/agent/base/version.o: Makefile $(wildcard .git/logs/HEAD)
$(BUILD)/agent/base/version.o: override CPPFLAGS += -DPOSTERN_VERSION='"$(VERSION)$(COMMIT:%= (%))"'

$(BUILD)/postern: $(AGENT_O)
	$(call quiet,LINK)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(BUILD)/tests/%.o: override CPPFLAGS += -Itests
$(BUILD)/run-tests: $(filter-out $(BUILD)/agent/main.o,$(AGENT_O)) $(TESTS_O)
	$(call quiet,LINK)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -lcriterion -o $@

$(BUILD)/run-soak: $(filter-out $(BUILD)/agent/main.o,$(AGENT_O)) $(SOAK_O)
	$(call quiet,LINK)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -lcriterion -o $@

# Built by `make fuzz`, with its flags. The targets are one directory deeper: the tests have another main().
FUZZ_O    = $(filter-out $(BUILD)/agent/main.o $(BUILD)/tests/fuzz/test_%, \
                $(AGENT_O) $(filter $(BUILD)/tests/fuzz/%,$(TESTS_O))) \
            $(BUILD)/tests/packet/packet.o $(addprefix $(BUILD)/tests/unit/,fake_datapath.o state_null.o)
link_fuzzer = $(call quiet,LINK)$(CC) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) $^ $(LDLIBS) -lcriterion -o $@
$(BUILD)/fuzz-packet: $(BUILD)/tests/fuzz/targets/packet.o $(FUZZ_O)
	$(link_fuzzer)
$(BUILD)/fuzz-%: $(BUILD)/tests/fuzz/targets/parser-%.o $(FUZZ_O)
	$(link_fuzzer)
$(BUILD)/tests/fuzz/targets/parser-%.o: tests/fuzz/targets/parser.c
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@ \
		-DPARSER=$(if $(filter message authres mailbox milter,$*),mail_)parsers_$*

-include $(AGENT_O:.o=.d) $(TESTS_O:.o=.d) $(SOAK_O:.o=.d) $(BENCH_C:%.c=$(BUILD)/%.d) $(STRESS_C:%.c=$(BUILD)/%.d) \
	$(wildcard $(BUILD)/tests/fuzz/targets/*.d)

# ---- targets for people

deps: ## install the Debian packages that are missing
	@tools/install-deps

test: deps ## all tests (as root); FILTER='netns*/*' runs some
	@$(MAKE) --no-print-directory -j$(shell nproc) $(BUILD)/postern $(BUILD)/run-tests
	@POSTERN=$(abspath $(BUILD)/postern) $(BUILD)/run-tests --jobs 1 $(if $(FILTER),--filter='$(FILTER)')

test-hostile: deps ## namespace tests on a mail host that works against Postern; FILTER as above (as root)
	@$(MAKE) --no-print-directory -j$(shell nproc) $(BUILD)/postern $(BUILD)/run-tests
	@POSTERN_TEST_HOSTILE=1 POSTERN=$(abspath $(BUILD)/postern) $(BUILD)/run-tests --jobs 1 \
		--filter='$(or $(FILTER),netns*/*)'

soak: deps ## what happens rarely, again and again at random: HOURS=1 in all; PARTS=boots some (as root)
	@$(MAKE) --no-print-directory -j$(shell nproc) $(BUILD)/postern $(BUILD)/run-soak \
		$(if $(findstring hostile,$(PARTS)),$(BUILD)/run-tests)
	@BUILD='$(BUILD)' tests/soak/run

soak-asan: deps ## the same under address and undefined behaviour sanitizers
	@$(MAKE) --no-print-directory soak BUILD=build/asan $(SANITIZED)

fresh: ## both commands of the README in a fresh minimal Debian; FRESH='make demo' runs another (as root)
	@tools/install-deps fresh
	@tools/fresh

test-vm: ## packet and namespace tests on the kernels that Debian 12 offers, in virtual machines
	@tools/install-deps vm
	@$(MAKE) --no-print-directory -j$(shell nproc) $(BUILD)/postern $(BUILD)/run-tests
	@$(if $(FILTER),VM_FILTER='$(FILTER)') tools/test-vm

demo: deps ## a mail host, tenants and an internet in namespaces, with real mail
	@$(MAKE) --no-print-directory -j$(shell nproc) $(BUILD)/postern
	@POSTERN=$(abspath $(BUILD)/postern) tools/demo $(DEMO_FLAGS)

$(BUILD)/bench-packets: $(addprefix $(BUILD)/tests/bench/,packets.o flows.o wire.o frame.o)
$(BUILD)/bench-programs: $(addprefix $(BUILD)/tests/bench/,programs.o wire.o frame.o)
$(BUILD)/bench-syn: $(addprefix $(BUILD)/tests/bench/,syn.o wire.o frame.o)
$(BUILD)/bench-talk: $(addprefix $(BUILD)/tests/bench/,talk.o wire.o frame.o)
$(BUILD)/bench-agent: $(BUILD)/tests/bench/agent.o
$(BUILD)/bench-hold: $(addprefix $(BUILD)/,$(addprefix tests/bench/,hold.o wire.o frame.o) agent/base/cgroup.o)
$(BUILD)/tests/bench/programs.bpf.o: tests/bench/programs.bpf.c tests/bench/programs.h
	@mkdir -p $(@D)
	$(call quiet,BPF)$(CLANG) $(BPFFLAGS) -Itests -c $< -o $@
$(BUILD)/bench-programs.skel.h: $(BUILD)/tests/bench/programs.bpf.o
	$(call quiet,SKEL)$(BPFTOOL) gen skeleton $< name programs_bpf > $@
$(addprefix $(BUILD)/tests/bench/,programs.o syn.o): | $(BUILD)/postern.skel.h $(BUILD)/bench-programs.skel.h
$(BUILD)/tests/bench/hold.o: | $(BUILD)/hold.skel.h
$(STRESS): $(BUILD)/stress-%: $(BUILD)/tests/bench/stress/%.o
$(BENCH):
	$(call quiet,LINK)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

bench: ## costs of a packet, a connection, a decision (as root); PARTS=stress: the limits of the datapath
	@tools/install-deps bench
	@$(MAKE) --no-print-directory -j$(shell nproc) $(BUILD)/postern $(BENCH)
	@POSTERN=$(abspath $(BUILD)/postern) BENCH_TOOLS=$(abspath $(BUILD)) BENCH_OUT=$(abspath $(BUILD)/bench) \
		tests/bench/run

lint: deps ## formatting, static analysis, rules of the house, and the test of these rules
	@$(MAKE) --no-print-directory $(BUILD)/postern.skel.h
	@tools/lint
	@tests/lint/run

asan: deps ## all tests under address and undefined behaviour sanitizers
	@$(MAKE) --no-print-directory test BUILD=build/asan $(SANITIZED)

fuzz: deps ## fuzz the datapath and our parsers (as root), FUZZ_SECONDS=60 each; FUZZ=packet only that
	@$(MAKE) --no-print-directory -j$(shell nproc) BUILD=$(BUILD)/fuzz CC=$(CLANG) CFLAGS='-O2 -g' \
		SANITIZE='-fsanitize=address,undefined,fuzzer-no-link' $(FUZZ:%=$(BUILD)/fuzz/fuzz-%)
	@for target in $(FUZZ); do tools/fuzz $$target $(BUILD)/fuzz $(FUZZ_SECONDS) || exit 1; done

format: ## rewrite the sources as clang-format wants them
	clang-format -i $(SOURCES)

install: all ## install below $(DESTDIR)$(PREFIX)
	PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' BUILD='$(BUILD)' tools/install

uninstall: ## remove what make install put there
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' tools/uninstall

clean: ## remove what was built
	rm -rf build

.PHONY: all libraries help deps test test-hostile soak soak-asan fresh bench test-vm demo lint asan fuzz format \
	install uninstall clean
