// SPDX-License-Identifier: GPL-3.0-or-later
/* Options: devices, and what is behind them. See options.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/cli/options_internal.h"

static int set_device(struct cli_options *opts, const char *value, struct error *err)
{
	if (opts->device_count == CLI_DEVICES_MAX)
		return error_set(err, -EINVAL, "at most %d devices", CLI_DEVICES_MAX);
	opts->devices[opts->device_count++] = value;
	opts->cfg.devices = opts->devices;
	return 0;
}

static int set_netdev(struct cli_options *opts, const char *value, struct error *err)
{
	if (opts->netdev_count == CLI_DEVICES_MAX)
		return error_set(err, -EINVAL, "at most %d networks", CLI_DEVICES_MAX);
	opts->netdevs[opts->netdev_count++] = value;
	opts->cfg.netdevs = opts->netdevs;
	return 0;
}

static int set_nic(struct cli_options *opts, const char *value, struct error *err)
{
	struct cli_nic *nic = &opts->nics[opts->nic_count];
	int ret;

	if (!strcmp(value, "none"))
		return 0;
	if (opts->nic_count == CLI_DEVICES_MAX)
		return error_set(err, -EINVAL, "at most %d cards", CLI_DEVICES_MAX);
	ret = cli_nic_parse(nic, opts->nic_count++, value, err);
	if (!ret)
		ret = set_netdev(opts, nic->netdev, err);
	return ret ? ret : set_device(opts, nic->device, err);
}

/* There is no network by itself: accepted for fingers that are used to it. */
static int set_net(struct cli_options *opts, const char *value, struct error *err)
{
	(void)opts;
	if (!strcmp(value, "none"))
		return 0;
	return error_set(err, -EINVAL, "'%.40s' is unknown: there is none, and -nic or -netdev",
			 value);
}

static int set_drive(struct cli_options *opts, const char *value, struct error *err)
{
	const char *device;
	int ret = cli_drive_parse(&opts->drives, value, &device, err);

	if (ret)
		return ret;
	opts->cfg.drives = opts->drives.drive;
	return device ? set_device(opts, device, err) : 0;
}

static int set_hda(struct cli_options *opts, const char *value, struct error *err)
{
	const char *device;
	int ret = cli_drive_plain(&opts->drives, value, &device, err);

	if (ret)
		return ret;
	opts->cfg.drives = opts->drives.drive;
	return set_device(opts, device, err);
}

static int set_snapshot(struct cli_options *opts, const char *value, struct error *err)
{
	(void)value;
	(void)err;
	opts->drives.snapshot = true;
	return 0;
}

/* QEMU's short form: a directory that is served by vitrine itself is "local". */
static int set_virtfs(struct cli_options *opts, const char *value, struct error *err)
{
	static const char kind[] = "local,";
	char *text;
	int len;

	if (strncmp(value, kind, sizeof(kind) - 1) != 0)
		return error_set(err, -EINVAL,
				 "'%.40s': use local,path=DIR,mount_tag=TAG[,readonly=on]", value);
	if (opts->share_count == CLI_SHARES_MAX)
		return error_set(err, -EINVAL, "at most %d directories", CLI_SHARES_MAX);
	text = opts->shares[opts->share_count];
	len = snprintf(text, CLI_SHARE_TEXT, "virtio-9p,%s", value + sizeof(kind) - 1);
	if (len >= CLI_SHARE_TEXT)
		return error_set(err, -ENAMETOOLONG,
				 "it has more characters than the %d that are taken",
				 CLI_SHARE_TEXT - 1);
	opts->share_count++;
	return set_device(opts, text, err);
}

/* [name=]NAME,file=FILE or [name=]NAME,string=TEXT, which is the rest, commas too. */
static int set_fw_cfg(struct cli_options *opts, const char *value, struct error *err)
{
	static const char prefix[] = "name=", file[] = ",file=", string[] = ",string=";
	const char *name = strncmp(value, prefix, sizeof(prefix) - 1) ? value
								      : value + sizeof(prefix) - 1;
	const char *rest = name + strcspn(name, ",");
	bool is_file = !strncmp(rest, file, sizeof(file) - 1);
	size_t len = (size_t)(rest - name);
	struct machine_blob *blob;

	if (!is_file && strncmp(rest, string, sizeof(string) - 1))
		return error_set(err, -EINVAL,
				 "'%.80s': use NAME,file=FILE or NAME,string=TEXT, as in "
				 "opt/org.example/answer,string=42",
				 value);
	if (strncmp(name, "opt/", 4) || len > CLI_FW_CFG_NAME_MAX)
		return error_set(
			err, -EINVAL,
			"'%.*s' is no name for it: one begins with opt/ and has at most %d "
			"characters",
			len < 80 ? (int)len : 80, name, CLI_FW_CFG_NAME_MAX);
	if (opts->fw_cfg_count == CLI_FW_CFG_MAX)
		return error_set(err, -EINVAL, "at most %d of them", CLI_FW_CFG_MAX);
	memcpy(opts->fw_cfg_names[opts->fw_cfg_count], name, len);
	blob = &opts->fw_cfg[opts->fw_cfg_count];
	blob->name = opts->fw_cfg_names[opts->fw_cfg_count++];
	if (is_file)
		blob->path = rest + sizeof(file) - 1;
	else
		blob->text = rest + sizeof(string) - 1;
	opts->cfg.fw_cfg = opts->fw_cfg;
	return 0;
}

static const struct option_row rows[] = {
	{ "device", "NAME[,KEY=VALUE...]",
	  "Adds a device on PCI: edu, the teaching device, e1000 (Intel's network card), "
	  "nvme,drive=ID; or on PCI or, with transport=mmio, in memory: virtio-console, "
	  "virtio-net, virtio-rng, virtio-9p, virtio-balloon, virtio-vsock,cid=N,socket=PATH, "
	  "virtio-blk,drive=ID. "
	  "docs/devices.md has what each may be told. May be repeated.",
	  set_device },
	{ "netdev", "user|tap,id=ID...",
	  "A network for -device virtio-net,netdev=ID or e1000,netdev=ID. user: no privileges "
	  "needed; "
	  "hostfwd=tcp::2222-:22 leads a port of 127.0.0.1 to one of the guest. tap,ifname=NAME: "
	  "an interface of the host. May be repeated.",
	  set_netdev },
	{ "nic", "user|tap|none[,...]",
	  "Short for a -netdev and a -device virtio-net that uses it, as in "
	  "user,hostfwd=tcp::2222-:22; with model=e1000 an e1000. "
	  "none: nothing, which is the default.",
	  set_nic },
	{ "net", "none", "Nothing: there is no network by itself.", set_net },
	{ "drive", "file=FILE[,KEY=VALUE...]",
	  "A disk: a raw image or a block device. readonly=on; snapshot=on: what is written is not "
	  "kept; if=none,id=ID: for -device virtio-blk,drive=ID or nvme,drive=ID; "
	  "cache=writeback|writethrough|unsafe; "
	  "aio=io_uring|threads. May be repeated.",
	  set_drive },
	{ "hda", "FILE", "Short for -drive file=FILE,id=hda.", set_hda },
	{ "snapshot", NULL, "snapshot=on for every disk.", set_snapshot },
	{ "virtfs", "local,path=DIR,mount_tag=TAG[,readonly=on]",
	  "A directory of the host for the guest: mount -t 9p -o trans=virtio TAG /mnt. May be "
	  "repeated.",
	  set_virtfs },
	{ "fw_cfg", "opt/NAME,file=FILE",
	  "A file that the guest finds by fw_cfg; with string=TEXT in place of file= that text. "
	  "May be "
	  "repeated.",
	  set_fw_cfg },
};

const struct option_group cli_devices_options = { "Devices", rows, sizeof(rows) / sizeof(rows[0]) };
