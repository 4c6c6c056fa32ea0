/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/capabilities.h"
#include "hostler/host.h"

/* All PCI devices of a host, or of a dump, with what advice looks at. */

typedef struct {
	char *bdf;
	HostlerCapabilities capabilities; /* not known of a device that sleeps, is stuck or did not answer */
	char *port;            /* the bridge that it hangs below; NULL: on a root bus */
	char *group;           /* of the IOMMU; NULL: none, or a dump */
	char *reset_method;    /* NULL: not known; "": no way */
	char *power_state;     /* "D0"; NULL: not known */
	gboolean boot_vga;     /* the firmware showed its messages on it */
	GError *trouble;       /* why nothing of it could be read; NULL: it could */
	GStrv framebuffers;    /* what still shows something in its memory, see host.h; NULL: not asked */
	guint set;             /* by isolation.h: index of the first of those that nothing keeps apart */
} AdviceDevice;

/* AdviceDevice, by BDF. One that sleeps in D3cold is not woken for it. */
GPtrArray *advice_survey(HostlerHost *host);
/* The same of what hostler_dump_read() gave. */
GPtrArray *advice_survey_of_dump(const GPtrArray *dump);

/* NULL: it is not there. */
AdviceDevice *advice_find(const GPtrArray *devices, const char *bdf);

/* Of any kind. */
gboolean advice_is_bridge(const AdviceDevice *device);
/* A display controller of a maker whose cards people hand to VMs. */
gboolean advice_is_gpu(const AdviceDevice *device);
gboolean advice_same_slot(const char *bdf, const char *other);
/* As lspci writes it: without the domain if that is 0000. */
const char *advice_address(const char *bdf);
/* "01:00.0 (GPU, 10de:1401)". Owned by the caller. */
char *advice_describe(const AdviceDevice *device);
