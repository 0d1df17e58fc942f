# How C is compiled here, for the Makefiles; `root` is the project's folder.
version := $(shell sed -n 's/^ *"version": "\([0-9.]*\)",/\1/p' $(root)/package.json)

CC ?= gcc
warnings := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wno-overlength-strings -Werror
# -U first: some distributions' compilers define _FORTIFY_SOURCE themselves.
hardening := -fstack-protector-strong -ftrivial-auto-var-init=zero -fcf-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
common_flags := -std=c11 -D_GNU_SOURCE -DKITTIWAKE_VERSION='"$(version)"' -MMD -MP $(warnings)
flags := $(common_flags) -O2 -fPIE $(hardening)
link := -static-pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--build-id=none -s
