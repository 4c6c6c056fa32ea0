/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The least that a hand-over can cost: for each device the three writes to sysfs,
 * nothing checked, nothing remembered. What hand-over is measured against.
 *
 * usage: bare-writes in-turn|side-by-side DRIVER|- BDF...      -: no driver_override */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		perror(path);
		exit(1);
	}
	close(fd);
}

static void move(const char *bdf, const char *driver)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", bdf);
	put(path, driver);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver/unbind", bdf);
	put(path, bdf);
	put("/sys/bus/pci/drivers_probe", bdf);
}

static int move_side_by_side(char **bdfs, int n, const char *driver)
{
	int failed = 0, status;

	for (int i = 0; i < n; i++) {
		if (fork() == 0) {
			move(bdfs[i], driver);
			_exit(0);
		}
	}
	for (int i = 0; i < n; i++)
		failed |= wait(&status) < 0 || status != 0;
	return failed;
}

int main(int argc, char **argv)
{
	const char *driver;

	if (argc < 4)
		return 2;
	driver = strcmp(argv[2], "-") == 0 ? "\n" : argv[2];
	if (strcmp(argv[1], "side-by-side") == 0)
		return move_side_by_side(argv + 3, argc - 3, driver);
	for (int i = 3; i < argc; i++)
		move(argv[i], driver);
	return 0;
}
