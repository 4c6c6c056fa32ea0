/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/record.h"

/* What of the display is in a claim, and which devices belong to it. */

#define VFIO_DISPLAY "display"
#define VFIO_DISPLAY_UNIT "unit"                 /* display manager that was stopped */
#define VFIO_DISPLAY_CONSOLES "consoles"         /* unbound */
#define VFIO_DISPLAY_FRAMEBUFFERS "framebuffers" /* unbound */
#define VFIO_DISPLAY_MODULES "modules"           /* unloaded, in this order */
#define VFIO_DISPLAY_FAILING "failing"           /* CLOCK_BOOTTIME since when the return fails */

/* Of the facts of a device or of the body of a claim. */
gboolean vfio_display_is_card(GKeyFile *facts);
/* The sound function of a card: what plays there is a part of the desktop. */
gboolean vfio_display_is_sound(GKeyFile *facts);

/* NULL: nothing. */
GStrv vfio_display_list(const HostlerRecord *claim, const char *key);
/* Adds what is not there yet, and stores the claim. */
gboolean vfio_display_note(HostlerHost *host, HostlerRecord *claim, const char *key, const char *const *names,
			   GError **error);
/* What is as it was is forgotten; NULL: all of that key. */
void vfio_display_forget(HostlerHost *host, HostlerRecord *claim, const char *key, const char *name);

/* One job, in the name of the claim's device. `answer` may be NULL. */
HostlerJobState vfio_display_job(HostlerHost *host, const HostlerRecord *claim, gpointer data, HostlerJobFunc func,
				 GKeyFile **answer, GError **error);
