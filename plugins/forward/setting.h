/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* A setting of libvirt's bridges below /proc/sys/net/ipv4/conf that is ours while a
 * forward needs it. In a folder of /run/hostler is a file for each bridge of which
 * we set it, made before that; what somebody else had set is not ours to put back.
 * Who may not write there (hostler-watch) leaves it to the hooks. */
typedef struct {
	const char *name;   /* "route_localnet" */
	const char *folder; /* below /run/hostler */
	const char *use;    /* what does not work without it, for a warning */
	const char *code;   /* of that warning */
	gboolean (*turn)(HostlerHost *host, const char *bridge, gboolean on, GError **error);
} ForwardSetting;

/* The bridges (char *) of which we have set it and not put it back. */
GPtrArray *forward_setting_ours(HostlerHost *host, const ForwardSetting *setting);
/* Puts it back for bridges that are not among `wanted` (char *). */
void forward_setting_end(HostlerHost *host, const ForwardSetting *setting, const GPtrArray *wanted);
/* Sets it for those that are. */
void forward_setting_begin(HostlerHost *host, const ForwardSetting *setting, const GPtrArray *wanted);
