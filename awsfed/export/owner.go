package export

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/user"
	"strconv"
)

// owners are the users whose folders, links and files a writer accepts: this user, root, which can
// change everything anyway, and the user in the option TrustedOwner. The zero value has no trusted
// owner.
type owners struct {
	trusted bool
	uid     int // if trusted
}

// newOwners reads the option TrustedOwner of a function.
func newOwners(function, name string) (owners, error) {
	if name == "" || !hasOwners {
		return owners{}, nil
	}
	uid, err := number(name, func() (string, error) {
		u, err := user.Lookup(name)
		if err != nil {
			return "", err
		}
		return u.Uid, nil
	})
	if err != nil {
		return owners{}, &OptionError{function, "TrustedOwner", fmt.Errorf("%s: %w", quoted(name), err)}
	}
	return owners{true, uid}, nil
}

// number returns the number of a user or group. A number need not be known: containers often use
// numbers that the host does not know.
func number(name string, lookup func() (string, error)) (int, error) {
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		if n == math.MaxUint32 {
			return 0, errors.New("the operating system reserves this number")
		}
		return int(n), nil
	}
	id, err := lookup()
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(id) // not a number on Windows, where modes have no meaning either
}

// own reports whether the file belongs to the user or the trusted owner.
func (o owners) own(info fs.FileInfo) bool {
	uid, _ := ownerOf(info)
	return !hasOwners || uid == os.Geteuid() || o.trusted && uid == o.uid
}

// accept reports whether the file belongs to one of the owners.
func (o owners) accept(info fs.FileInfo) bool {
	uid, _ := ownerOf(info)
	return uid == 0 || o.own(info)
}

// The permissions of others that the package checks.
const (
	anyOther     fs.FileMode = 0o077
	othersWrite  fs.FileMode = 0o022
	anybodyWrite fs.FileMode = 0o002
)

// allows reports whether the file has one of the permissions. Nil is the root of the file system.
func allows(info fs.FileInfo, perm fs.FileMode) bool {
	return hasOwners && info != nil && info.Mode().Perm()&perm != 0
}

// filePerm says which users may use a new file.
type filePerm struct {
	mode  fs.FileMode
	chgrp bool
	group int // if chgrp
}

// fits reports whether exactly the users of p may use the file.
func (p filePerm) fits(info fs.FileInfo) bool {
	_, gid := ownerOf(info)
	return !hasOwners || info.Mode().Perm() == p.mode && (!p.chgrp || gid == p.group)
}
