//go:build unix

package faults_test

import (
	"encoding/json"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// testDisk runs the writers of files with faults of folders. Each fault needs a limit, a user or a
// file system that other tests must not have, so it runs in a child process.
func testDisk(t *testing.T, r *report) {
	t.Helper()
	r.add(fullRow, "no space left: a small tmpfs, or RLIMIT_FSIZE if none can be mounted")
	r.add(readOnlyRow, "no permission to write (as an ordinary user), and a file system that is mounted read-only, if one can be mounted")
	for _, role := range []string{"small disk", "limited disk", "no permission"} {
		t.Run(role, func(t *testing.T) {
			//nolint:usetesting // an ordinary user may not read t.TempDir
			dir, err := os.MkdirTemp("", "onafed-faults-")
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(dir)
			cmd := command(t.Context(), t, role, dir, "")
			if role == "small disk" && !ownMounts(cmd) {
				t.Skip("this system has no mount namespaces")
			}
			out, err := cmd.Output()
			text := string(out)
			if role == "small disk" && (cmd.ProcessState == nil || strings.Contains(text, cannotMount)) {
				t.Skipf("cannot mount a file system: %v", err)
			}
			seen := 0
			for line := range strings.Lines(text) {
				var o outcome
				if data, ok := strings.CutPrefix(line, "child: "); ok && json.Unmarshal([]byte(data), &o) == nil {
					r.cells = append(r.cells, o)
					seen++
				}
			}
			if err != nil || seen == 0 {
				t.Errorf("%v, %d cells:\n%s", err, seen, text)
			}
		})
	}
}

const cannotMount = "cannot mount"

// diskRole returns the function of a child process.
func diskRole(role string) func(*testing.T, string, string) {
	return map[string]func(*testing.T, string, string){"small disk": smallDisk, "limited disk": limitedDisk, "no permission": noPermission}[role]
}

// eachFileColumn runs the components with a fault of their folders, and prints the results for the
// parent.
func eachFileColumn(t *testing.T, row, how string, dir func(name string) (string, folderFault)) {
	t.Helper()
	r := new(report)
	for column, test := range fileColumns() {
		folder, b := dir(strings.ReplaceAll(column, " ", "-"))
		r.cell(t, column, row, folder, func(c *cell) {
			before := descriptors()
			test(c, b)
			if after := descriptors(); after > before {
				c.Errorf("%d file descriptors, want at most %d as before", after, before)
			}
			c.note("%s", how)
		})
	}
	for _, o := range r.cells {
		data, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		printLine(string(data))
	}
}

func mkdir(t *testing.T, elem ...string) string {
	t.Helper()
	dir := filepath.Join(elem...)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// smallDisk mounts a file system and fills it, and then mounts it read-only.
func smallDisk(t *testing.T, dir, _ string) {
	t.Helper()
	if err := mountMemory(dir, 256<<10); err != nil {
		printLine(cannotMount + ": " + err.Error())
		t.Skip(err)
	}
	filler := filepath.Join(dir, "filler")
	full := folderFault{
		begin: func() error {
			f, err := os.Create(filler)
			if err != nil {
				return err
			}
			defer f.Close()
			for size := 4096; size > 0; { // whole pages, then smaller pieces
				if _, err := f.Write(make([]byte, size)); err != nil {
					size /= 2
				}
			}
			return nil
		},
		end: func() error { return os.Remove(filler) },
	}
	eachFileColumn(t, fullRow, "tmpfs of 256 KiB, full", func(name string) (string, folderFault) { return mkdir(t, dir, name), full })
	readOnly := folderFault{
		begin: func() error { return remount(dir, true) },
		end:   func() error { return remount(dir, false) },
	}
	eachFileColumn(t, readOnlyRow, "file system mounted read-only", func(name string) (string, folderFault) { return mkdir(t, dir, name+"-2"), readOnly })
}

// limitedDisk limits the size of files. A longer write is short and fails, as on a full disk.
func limitedDisk(t *testing.T, dir, _ string) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	limit := func(bytes uint64) func() error {
		return func() error {
			now := old
			now.Cur = min(bytes, old.Cur)
			return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &now)
		}
	}
	limited := folderFault{begin: limit(100), end: limit(old.Cur)}
	eachFileColumn(t, fullRow, "RLIMIT_FSIZE of 100 bytes", func(name string) (string, folderFault) { return mkdir(t, dir, name), limited })
}

// noPermission removes the permission to write to the folder. It runs as an ordinary user, because
// root may always write.
func noPermission(t *testing.T, dir, _ string) {
	t.Helper()
	if os.Geteuid() == 0 {
		const nobody = 65534
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
		err := syscall.Setgroups(nil)
		for _, set := range []func(int) error{syscall.Setgid, syscall.Setuid} {
			if err == nil {
				err = set(nobody)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	eachFileColumn(t, readOnlyRow, "mode 0500", func(name string) (string, folderFault) {
		folder := mkdir(t, dir, name)
		chmod := func(mode os.FileMode) func() error {
			return func() error { return os.Chmod(folder, mode) }
		}
		return folder, folderFault{begin: chmod(0o500), end: chmod(0o700)}
	})
}
