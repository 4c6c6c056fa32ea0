/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Gives up every capability, for good. FALSE with errno set. */
gboolean privileges_drop(void);
