//go:build unix

package token

import (
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"syscall"

	"github.com/onafed/onafed/internal/quote"
)

// checkGroup returns an error if a group could not read a file in the folder dir: if this user
// cannot give the file to the group, or the group cannot enter the folder. A missing folder is
// created for the group later. The mode of an existing folder is never changed.
func checkGroup(group, dir string) error {
	gid, err := groupID(group)
	if err != nil {
		return err
	}
	groups, err := os.Getgroups()
	if err != nil {
		return err
	}
	if os.Geteuid() != 0 && gid != os.Getegid() && !slices.Contains(groups, gid) {
		return fmt.Errorf("--group %+q: this user is not a member of the group and cannot give it the file: use a group that id -G prints, or become a member", group)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil //nolint:nilerr // creating the folder later reports such an error
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || mayEnter(info.Mode().Perm(), int(owner.Gid) == gid) {
		return nil
	}
	return fmt.Errorf("--group %+q: the group cannot enter the folder %s (mode %04o, group %d) and cannot read a file in it: chgrp %d and chmod 750 the folder, or name a new one",
		group, quote.Path(dir), info.Mode().Perm(), owner.Gid, gid)
}

// groupID returns the number of a group, which is given by number or by name.
func groupID(group string) (int, error) {
	if gid, err := strconv.Atoi(group); err == nil {
		return gid, nil
	}
	known, err := user.LookupGroup(group)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(known.Gid)
}

// mayEnter reports whether a group can reach files in a folder of the given mode. If the folder
// belongs to the group, the rights of the group count, else those of others.
func mayEnter(mode os.FileMode, own bool) bool {
	if own {
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}
