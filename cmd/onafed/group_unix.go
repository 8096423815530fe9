//go:build unix

package main

import (
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"syscall"
)

// checkGroup refuses a group that could not read a file in the folder dir: one that a file of this user's cannot be given to, or that may
// not enter the folder. A folder that is not there is made for the group; the rights of one that is there are its owner's to change.
func checkGroup(group, dir string) error {
	gid, err := strconv.Atoi(group)
	if err != nil {
		known, err := user.LookupGroup(group)
		if err != nil {
			return err
		}
		if gid, err = strconv.Atoi(known.Gid); err != nil {
			return err
		}
	}
	groups, err := os.Getgroups()
	if err != nil {
		return err
	}
	if os.Geteuid() != 0 && gid != os.Getegid() && !slices.Contains(groups, gid) {
		return fmt.Errorf("--group %+q: this user is no member of it, and so cannot give it a file: name one of those that id -G prints, or become a member", group)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil //nolint:nilerr // it is made, or the error is told when that fails
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || mayEnter(info.Mode().Perm(), int(owner.Gid) == gid) {
		return nil
	}
	return fmt.Errorf("--group %+q: it may not enter the folder %+q (mode %04o, group %d), so not read a file in it: chgrp %d and chmod 750 the folder, or name one that is not there yet",
		group, dir, info.Mode().Perm(), owner.Gid, gid)
}

// mayEnter reports whether a group may reach files in a folder: its own rights count where the folder is its own, those of others
// elsewhere.
func mayEnter(mode os.FileMode, own bool) bool {
	if own {
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}
