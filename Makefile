# The build of wsrelayd: GNU make, not recursive. Products go to build/; config.mk comes from
# ./configure, which make runs itself when it has to. `make help` lists the goals.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

AUTOCONF = autoconf

# For a make that is run by this one: as many jobs as processors, unless -j was given.
PARALLEL = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

# ---- goals that need nothing but make ---------------------------------------------------------
#
# GNU make brings included files up to date before it looks at any goal. On a machine that has no
# compiler yet, `make deps run` would therefore die in configure before deps could install one.
# So these goals never see config.mk, and when one of them stands beside others, this make only
# runs a make of its own for each goal, one after the other as they were written, whatever -j says.

BARE_GOALS := deps check-deps packages-deps bench-deps clean distclean help
GOALS := $(or $(MAKECMDGOALS),$(.DEFAULT_GOAL))
BARE := $(filter $(BARE_GOALS),$(GOALS))

ifneq ($(and $(BARE),$(filter-out $(BARE_GOALS),$(GOALS))),)

.PHONY: $(GOALS) one-by-one
$(GOALS): one-by-one
	@:
one-by-one:
	@$(foreach goal,$(GOALS),$(MAKE) $(PARALLEL) --no-print-directory $(goal) &&) :

else ifneq ($(BARE),)

.NOTPARALLEL:
.PHONY: $(BARE_GOALS)

deps: ## Install what building and running need
	@scripts/dependencies install build

check-deps: ## Install what the tests and make lint need, too
	@scripts/dependencies install build unit check arm64 lint

packages-deps: ## Install what make check-packages needs
	@scripts/dependencies install build packages image

bench-deps: ## Install what make bench, which compares servers, and make counts need
	@scripts/dependencies install build bench

clean: ## Remove what was built (not what npm fetched into build/node_modules)
	@if test -d build; then \
		find build -mindepth 1 -maxdepth 1 ! -name node_modules -exec rm -rf {} +; \
	fi

distclean: ## Remove everything that is not source
	rm -rf build autom4te.cache config.mk config.log config.status configure~
	find tests -name __pycache__ -exec rm -rf {} +
	if test -e .git; then rm -f configure; fi

help: ## Show this list
	@echo 'Goals:'
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 20
	@echo 'Variables:'
	@sed -n 's/^## \([^:]*\): \(.*\)/  \1\t\2/p' Makefile | expand -t 20

else

# ---- configuration ----------------------------------------------------------------------------

## WERROR=1: treat warnings as errors
## SANITIZE=LIST: build with sanitizers into build/LIST: address,undefined or thread
## V=1: show whole commands
## DESTDIR=DIR: install below DIR
## CONFIGURE=ARGS: what to give to ./configure when make runs it
## BENCH=ARGS: what to give to tests/bench/bench, which shows its options with --help
## COUNTS=ARGS: what to give to tests/bench/counts, which shows its options with --help

configure: configure.ac
	@$(AUTOCONF) || { echo 'What building needs is installed by: make deps' >&2; exit 1; }
	@rm -rf autom4te.cache configure~

# Remade when other arguments than before are given.
CONFIGURE_ARGUMENTS := build/configure-arguments
ifneq ($(CONFIGURE),)
ifneq ($(file <$(CONFIGURE_ARGUMENTS)),$(CONFIGURE))
$(shell mkdir -p build)
$(file >$(CONFIGURE_ARGUMENTS),$(CONFIGURE))
endif
endif

config.mk: config.mk.in configure $(wildcard $(CONFIGURE_ARGUMENTS))
	@$(if $(CONFIGURE),./configure -q $(CONFIGURE),\
	if test -x config.status; then ./config.status --recheck && ./config.status; \
	else ./configure -q; fi)

include config.mk

# Check, which only the tests need, may have been installed since configure looked for it.
ifeq ($(MAKE_RESTARTS)$(CHECK_LIBS),)
ifneq ($(and $(PKG_CONFIG),$(shell $(PKG_CONFIG) --exists check && echo installed)),)
.PHONY: look-again
config.mk: look-again
endif
endif

# ---- what is built, and how -------------------------------------------------------------------

comma := ,
B := build$(if $(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))

# src/bench is wsrelay-bench, src/ctl wsrelayctl, everything else wsrelayd.
SOURCES := $(wildcard src/*.c src/*/*.c)
ALL_OBJECTS := $(SOURCES:src/%.c=$(B)/obj/%.o)
BENCH_OBJECTS := $(filter $(B)/obj/bench/%,$(ALL_OBJECTS))
CTL_OBJECTS := $(filter $(B)/obj/ctl/%,$(ALL_OBJECTS))
OBJECTS := $(filter-out $(BENCH_OBJECTS) $(CTL_OBJECTS),$(ALL_OBJECTS)) $(B)/obj/page/document.o
PROGRAMS := $(B)/wsrelayd $(B)/wsrelayctl $(B)/wsrelay-bench

# Every tests/unit/test_*.c and every tests/bench/*.c is a program. What programs share are the
# other files of tests/unit, and tests/bench/common.
UNIT_SOURCES := $(wildcard tests/unit/*.c)
UNIT_OBJECTS := $(UNIT_SOURCES:tests/unit/%.c=$(B)/tests/%.o)
UNIT_TESTS := $(basename $(filter $(B)/tests/test_%,$(UNIT_OBJECTS)))
UNIT_COMMON := $(filter-out $(B)/tests/test_%,$(UNIT_OBJECTS))
BENCH_TOOLS := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/*.c))
BENCH_COMMON := $(patsubst tests/bench/%.c,$(B)/bench/%.o,$(wildcard tests/bench/common/*.c))

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wcast-qual -Wwrite-strings -Wundef -Wformat=2 -Wvla $(if $(filter 1,$(WERROR)),-Werror)

# _FORTIFY_SOURCE would hide from the sanitizers what they look for.
OPTIONS = $(if $(SANITIZE),$(SANITIZE_OPTIONS),$(FORTIFY) $(LTO))
SANITIZE_OPTIONS = -O1 -fno-omit-frame-pointer -fsanitize=$(SANITIZE) -fno-sanitize-recover=all

DEFINES = -D_GNU_SOURCE -DWSRELAYD_VERSION='"$(VERSION)"' -DWSRELAYD_SYSCONFDIR='"$(sysconfdir)"'

COMPILE = $(CC) -std=gnu11 -Isrc $(DEFINES) $(LIBRARY_CFLAGS) $(CPPFLAGS) $(WARNINGS) \
	$(HARDENING_CFLAGS) $(CFLAGS) $(OPTIONS) -pthread
LINK = $(CC) $(CFLAGS) $(OPTIONS) -pthread $(HARDENING_LDFLAGS) $(LDFLAGS)

# Remade only when their text changes: objects depend on the compiler's command line, what is
# linked depends on the list of its objects, so that other flags or a removed file rebuild it.
ifneq ($(file <$(B)/command-line),$(COMPILE))
$(shell mkdir -p $(B))
$(file >$(B)/command-line,$(COMPILE))
endif
ifneq ($(file <$(B)/object-list),$(ALL_OBJECTS))
$(file >$(B)/object-list,$(ALL_OBJECTS))
endif

# $(call say,WHAT): one line for each command, or the command itself with V=1.
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $@;)

# ---- building ---------------------------------------------------------------------------------

.PHONY: all run bench-tools
all: $(PROGRAMS) ## Build the programs: build/wsrelayd, build/wsrelayctl, build/wsrelay-bench

run: $(B)/wsrelayd ## Serve with the configuration of this tree, in the foreground
	@exec $(B)/wsrelayd -c etc/wsrelayd.yaml

bench-tools: $(BENCH_TOOLS) ## Build the measuring tools of tests/bench

$(B)/wsrelayd: $(OBJECTS) $(B)/object-list
	$(call say,LINK)$(LINK) -o $@ $(OBJECTS) $(LIBRARIES)

$(B)/obj/%.o: src/%.c $(B)/command-line
	@mkdir -p $(@D)
	$(call say,CC)$(COMPILE) -MMD -MP -c -o $@ $<

# The page for browsers, all of src/page in one document.
$(B)/page/document.c: scripts/embed-page $(wildcard src/page/*)
	@mkdir -p $(@D)
	$(call say,PAGE)scripts/embed-page src/page $(@:.c=)

$(B)/obj/page/document.o: $(B)/page/document.c $(B)/command-line
	@mkdir -p $(@D)
	$(call say,CC)$(COMPILE) -MMD -MP -c -o $@ $<

$(B)/wsrelay-bench: $(B)/obj/bench/main.o $(B)/libwsrelay-bench.a $(B)/libwsrelayd.a
	$(call say,LINK)$(LINK) -o $@ $^ $(BENCH_LIBRARIES)

$(B)/wsrelayctl: $(B)/obj/ctl/main.o $(B)/libwsrelayctl.a $(B)/libwsrelayd.a
	$(call say,LINK)$(LINK) -o $@ $^ $(CTL_LIBRARIES)

# The programs without their main(), for the tests to link with.
$(B)/libwsrelayd.a: $(OBJECTS) $(B)/object-list
	$(call say,AR)rm -f $@ && $(AR) rcs $@ $(filter-out $(B)/obj/main.o,$(OBJECTS))

$(B)/libwsrelay-bench.a: $(BENCH_OBJECTS) $(B)/object-list
	$(call say,AR)rm -f $@ && $(AR) rcs $@ $(filter-out $(B)/obj/bench/main.o,$(BENCH_OBJECTS))

$(B)/libwsrelayctl.a: $(CTL_OBJECTS) $(B)/object-list
	$(call say,AR)rm -f $@ && $(AR) rcs $@ $(filter-out $(B)/obj/ctl/main.o,$(CTL_OBJECTS))

LIBRARIES_OF_TESTS := $(B)/libwsrelay-bench.a $(B)/libwsrelayctl.a $(B)/libwsrelayd.a

$(B)/tests/%.o: tests/unit/%.c $(B)/command-line
	@mkdir -p $(@D)
	$(call say,CC)$(COMPILE) $(CHECK_CFLAGS) -MMD -MP -c -o $@ $<

$(UNIT_TESTS): %: %.o $(UNIT_COMMON) $(LIBRARIES_OF_TESTS)
	$(call say,LINK)$(LINK) -o $@ $< $(UNIT_COMMON) $(LIBRARIES_OF_TESTS) $(LIBRARIES) $(BENCH_LIBRARIES) $(CHECK_LIBS)

$(B)/bench/%.o: tests/bench/%.c $(B)/command-line
	@mkdir -p $(@D)
	$(call say,CC)$(COMPILE) -MMD -MP -c -o $@ $<

$(BENCH_TOOLS): %: %.o $(BENCH_COMMON) $(LIBRARIES_OF_TESTS)
	$(call say,LINK)$(LINK) -o $@ $< $(BENCH_COMMON) $(LIBRARIES_OF_TESTS) $(LIBRARIES) $(BENCH_LIBRARIES)

# What instances are started from.
TEMPLATE_UNIT := $(B)/wsrelayd@.service
all: $(TEMPLATE_UNIT)
$(TEMPLATE_UNIT): systemd/instances.sed systemd/wsrelayd.service
	$(call say,SED)mkdir -p $(@D) && sed -f $^ >$@.new && mv $@.new $@

-include $(addsuffix .d,$(basename $(ALL_OBJECTS) $(B)/obj/page/document.o $(UNIT_OBJECTS) $(BENCH_COMMON)) $(BENCH_TOOLS))

# ---- testing ----------------------------------------------------------------------------------

# The Python that has what the tests import: often the system's, whatever comes first in PATH.
PYTHON = $(or $(shell for python in /usr/bin/python3 python3; do \
	$$python -c 'import websockets' 2>/dev/null && echo $$python && break; done),python3)

# Unit tests of what threads share: tests/run runs these with ThreadSanitizer, too.
THREADED_TESTS := $(file <tests/unit/threaded)

.PHONY: check check-unit check-arm64 check-packages check-debian check-rpm check-image
.PHONY: test-programs threaded-programs lint format
check: ## Run every test, under AddressSanitizer, UBSan and ThreadSanitizer
	@scripts/dependencies verify build unit check
	@$(MAKE) $(PARALLEL) --no-print-directory SANITIZE=address,undefined test-programs
	@$(MAKE) $(PARALLEL) --no-print-directory SANITIZE=thread threaded-programs
	@CC='$(CC)' $(PYTHON) tests/run

check-unit: ## Run the unit tests only
	@scripts/dependencies verify build unit
	@$(MAKE) $(PARALLEL) --no-print-directory SANITIZE=address,undefined test-programs
	@$(PYTHON) tests/run unit

check-arm64: ## Test the kernels of 64-bit ARM on an emulated CPU
	@scripts/dependencies verify arm64
	@tests/check-arm64

check-packages: check-debian check-rpm check-image ## Build all packages and try them

check-debian: ## Build the Debian package, install, upgrade and remove it in a chroot, as root
	@scripts/dependencies verify build packages
	@tests/packages/check-debian

check-rpm: ## Build the RPM package, install and remove it
	@scripts/dependencies verify build packages
	@tests/packages/check-rpm

check-image: ## Build the container image and run it, as root
	@scripts/dependencies verify image
	@tests/packages/check-image

test-programs: $(PROGRAMS) $(UNIT_TESTS) $(BENCH_TOOLS)

threaded-programs: $(PROGRAMS) $(THREADED_TESTS:%=$(B)/tests/%)

lint: ## Look at all sources with clang-tidy, cppcheck, shellcheck, mandoc and clang-format
	@scripts/dependencies verify build unit lint
	@tests/lint -std=gnu11 -Isrc $(DEFINES) $(LIBRARY_CFLAGS) $(CHECK_CFLAGS) $(WARNINGS)

format: ## Rewrite all C sources in the project's format
	@find src tests -name '*.[ch]' -exec clang-format -i {} +

# ---- measuring ----------------------------------------------------------------------------------

.PHONY: bench counts
bench: all bench-tools ## Measure beside other servers; writes build/bench/report.md
	@$(PYTHON) tests/bench/bench $(BENCH)

counts: all ## Count instructions and system calls; writes build/bench/counts.md
	@$(PYTHON) tests/bench/counts $(COUNTS)

# ---- installing -------------------------------------------------------------------------------

INSTALL = install
CONFIG_DIRECTORY = $(DESTDIR)$(sysconfdir)/wsrelayd
MAN_PAGES := $(sort $(wildcard man/*.[1-9]))
UNITS := $(sort $(wildcard systemd/*.service systemd/*.socket)) $(TEMPLATE_UNIT)

# $(call install_text_as,FILE,DIRECTORY,NAME): installs a text with the directories that configure
# was given; without _as under its own name.
define install_text_as
$(INSTALL) -d $(2)
sed -e 's|/etc/wsrelayd|$(sysconfdir)/wsrelayd|g' -e 's|/usr/sbin|$(sbindir)|g' \
	-e 's|/usr/share/doc/wsrelayd|$(docdir)|g' $(1) | \
	$(INSTALL) -m 644 /dev/stdin $(2)/$(3)

endef
install_text = $(call install_text_as,$(1),$(2),$(notdir $(1)))

# Below the directory of examples everything lies as it does below etc.
EXAMPLES := $(sort $(wildcard etc/examples/*/* etc/grafana/* etc/prometheus/*))
examples_directory = $(DESTDIR)$(docdir)/examples/$(patsubst etc/%,%,$(patsubst etc/examples/%,%,$(dir $(1))))
COMPLETED := wsrelayd wsrelayctl wsrelay-bench

.PHONY: install uninstall
install: $(PROGRAMS) $(TEMPLATE_UNIT) ## Install below DESTDIR; an existing configuration stays as it is
	$(INSTALL) -d $(DESTDIR)$(sbindir) $(DESTDIR)$(bindir) $(CONFIG_DIRECTORY)
	$(INSTALL) -m 755 $(B)/wsrelayd $(DESTDIR)$(sbindir)/wsrelayd
	$(INSTALL) -m 755 $(B)/wsrelayctl $(DESTDIR)$(sbindir)/wsrelayctl
	$(INSTALL) -m 755 $(B)/wsrelay-bench $(DESTDIR)$(bindir)/wsrelay-bench
	test -e $(CONFIG_DIRECTORY)/wsrelayd.yaml || \
		$(INSTALL) -m 644 etc/wsrelayd.yaml $(CONFIG_DIRECTORY)/wsrelayd.yaml
	$(foreach page,$(MAN_PAGES),$(call install_text,$(page),$(DESTDIR)$(mandir)/man$(subst .,,$(suffix $(page)))))
	$(foreach unit,$(UNITS),$(call install_text,$(unit),$(DESTDIR)$(unitdir)))
	$(call install_text_as,systemd/wsrelayd.sysusers.conf,$(DESTDIR)$(sysusersdir),wsrelayd.conf)
	$(call install_text_as,systemd/wsrelayd.tmpfiles.conf,$(DESTDIR)$(tmpfilesdir),wsrelayd.conf)
	$(call install_text,etc/logrotate/wsrelayd,$(DESTDIR)$(sysconfdir)/logrotate.d)
	$(foreach name,$(COMPLETED),$(call install_text_as,etc/completion/$(name).bash,$(DESTDIR)$(bashcompletiondir),$(name)))
	$(foreach name,$(COMPLETED),$(call install_text,etc/completion/_$(name),$(DESTDIR)$(zshcompletiondir)))
	$(call install_text,docs/ADMIN.md,$(DESTDIR)$(docdir))
	$(foreach file,$(EXAMPLES),$(call install_text,$(file),$(call examples_directory,$(file))))

uninstall: ## Remove what install has put there, but a configuration that was changed
	rm -f $(DESTDIR)$(sbindir)/wsrelayd $(DESTDIR)$(sbindir)/wsrelayctl
	rm -f $(DESTDIR)$(bindir)/wsrelay-bench
	rm -f $(foreach unit,$(UNITS),$(DESTDIR)$(unitdir)/$(notdir $(unit)))
	rm -f $(DESTDIR)$(sysusersdir)/wsrelayd.conf $(DESTDIR)$(tmpfilesdir)/wsrelayd.conf
	rm -f $(DESTDIR)$(sysconfdir)/logrotate.d/wsrelayd
	rm -f $(foreach name,$(COMPLETED),$(DESTDIR)$(bashcompletiondir)/$(name) $(DESTDIR)$(zshcompletiondir)/_$(name))
	rm -rf $(DESTDIR)$(docdir)/examples $(DESTDIR)$(docdir)/ADMIN.md
	rm -f $(foreach page,$(MAN_PAGES),$(DESTDIR)$(mandir)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)))
	if cmp -s etc/wsrelayd.yaml $(CONFIG_DIRECTORY)/wsrelayd.yaml; then \
		rm $(CONFIG_DIRECTORY)/wsrelayd.yaml; \
		rmdir $(CONFIG_DIRECTORY) || :; \
	fi

# ---- releasing --------------------------------------------------------------------------------

RELEASE := wsrelayd-$(VERSION)
ARCHIVE := build/$(RELEASE).tar.gz

.PHONY: dist distcheck
dist: configure ## Make the release archive: build/wsrelayd-VERSION.tar.gz
	@scripts/release $(RELEASE) $(ARCHIVE)

distcheck: dist ## Build, test, install and remove a release from its archive
	@MAKE='$(MAKE)' PYTHON='$(PYTHON)' tests/check-release $(RELEASE) $(ARCHIVE)

endif
